// Package bundle turns the source a person wrote into the program the engine runs. It
// hides esbuild, the settings that work with our engine and the short-lived child
// process in which building happens: a source is hostile input to a parser and a
// compiler that nothing can interrupt.
//
// It guarantees that no file of the host is ever read for a source, that a program has
// been compiled once before anybody stores it, and that every problem has its place in
// the person's own file.
package bundle

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode/utf8"

	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/js/nesting"
	"picloud/engine/sdk/env"
)

// Limits of what a program is made of.
const (
	MaxSource  = 1 << 20 // bytes of a source
	MaxSources = 4 << 20 // bytes of a source with those of its modules
	MaxModules = 100     // in a program

	MaxImports = 200 // of modules, in a source
)

// How many modules may import each other in a row.
const (
	DefaultDepth = 8
	MaxDepth     = 32
)

// maxProgram is the largest program text, in bytes; lowering can make a text grow.
const maxProgram = 4 << 20

// Language of a source.
type Language string

// The languages.
const (
	TypeScript Language = "typescript"
	TSX        Language = "tsx" // TypeScript with JSX, whose elements are calls of h and Fragment
	JavaScript Language = "javascript"
)

// CheckLanguage says what is wrong with a language; "" is nothing.
func CheckLanguage(language Language) string {
	switch language {
	case TypeScript, TSX, JavaScript:
		return ""
	}
	return fmt.Sprintf("%.40q is no language; use %q, %q or %q.", language, TypeScript, TSX, JavaScript)
}

// Extension is the ending of a file of the language, with its dot.
func (l Language) Extension() string {
	switch l {
	case JavaScript:
		return ".js"
	case TSX:
		return ".tsx"
	}
	return ".ts"
}

// File is one source text.
type File struct {
	Name     string   `json:"name"` // what people see, as "hello.ts"; of a version that is named "pricing@3.ts"
	Language Language `json:"language"`
	Source   string   `json:"source"`

	Imports map[string]Import `json:"imports,omitempty"` // where its imports of modules lead, by what stands between the quotes
}

// Import is where an import of a module leads: to a file, or nowhere.
type Import struct {
	File    string `json:"file,omitempty"`    // the name of one of Input.Modules
	Refused string `json:"refused,omitempty"` // why it leads nowhere
	Warning string `json:"warning,omitempty"` // what is to be told though it leads somewhere
}

// Input is all that a program is made of.
type Input struct {
	Entry   File            `json:"entry"`
	Module  bool            `json:"module,omitempty"` // the entry is a module itself: what it exports is checked, and there is no program
	Modules map[string]File `json:"-"`                // that may be imported, by their names; see Children.BuildAll
	Depth   int             `json:"depth,omitempty"`  // how many modules may import each other in a row; 0: DefaultDepth
}

// Output is a program that compiles.
type Output struct {
	Program   string   `json:"program"`    // ASCII; a script whose completion value is the default export
	SourceMap string   `json:"source_map"` // Source Map revision 3 (ECMA-426), Program → the names of files
	Hash      [32]byte `json:"hash"`       // SHA-256 of Program

	Warnings []Problem `json:"warnings,omitempty"` // what will probably fail when it runs, in the entry
	Env      []Use     `json:"env,omitempty"`      // the variables that it names, its modules too
	Edges    []Edge    `json:"edges,omitempty"`    // which modules are in it, and who imports them
	Exports  []Export  `json:"exports,omitempty"`  // of a module; it has neither Program nor SourceMap nor Hash
}

// Edge is one import of a module.
type Edge struct {
	Importer  string `json:"importer"` // a file; "": the entry
	Specifier string `json:"specifier"`
	File      string `json:"file"`
}

// Use is a place in a person's file where a variable or a secret is named, as Problem tells it.
type Use struct {
	Name   string `json:"name"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// Problem is one reason why a source is no program, at its place in the person's file.
type Problem struct {
	Message string `json:"message"`
	Line    int    `json:"line,omitempty"`   // from 1; 0: the file as a whole
	Column  int    `json:"column,omitempty"` // from 1, in UTF-16 code units as editors count
	Length  int    `json:"length,omitempty"` // UTF-16 code units, within the line
}

// Problems is a failed build as an error.
type Problems []Problem

func (p Problems) Error() string {
	texts := make([]string, len(p))
	for i, problem := range p {
		texts[i] = fmt.Sprintf("%d:%d: %s", problem.Line, problem.Column, problem.Message)
	}
	return strings.Join(texts, "\n")
}

// Build makes the program in this process. Only a process that may die calls it, since
// a hostile source can make the compiler hang or overflow; all others use Children.
func Build(input Input) (Output, []Problem) { return newReader().build(input) }

// build makes the program of an input; what was read of its modules for another is not read again.
func (r reader) build(input Input) (Output, []Problem) {
	output, problems := r.attempt(input)
	return output, bounded(problems)
}

// bounded are the first of some problems, in words of a bounded length.
func bounded(problems []Problem) []Problem {
	problems = problems[:min(len(problems), maxProblems)]
	for i := range problems {
		if text := problems[i].Message; len(text) > maxMessage {
			problems[i].Message = cutText(text, maxMessage) + " …"
		}
	}
	return problems
}

const (
	maxProblems = 20
	maxMessage  = 1000 // bytes
)

func (r reader) attempt(input Input) (Output, []Problem) {
	used, problems := r.gather(input)
	if problems != nil {
		return Output{}, problems
	}
	exports, warnings, problems := used.survey()
	if problems != nil {
		return Output{}, problems
	}
	output, problems, again := used.compile(false)
	if again {
		output, problems, _ = used.compile(true)
	}
	if problems != nil {
		return Output{}, problems
	}
	output.Warnings, output.Edges = append(used.warnings, warnings...), used.edges
	if input.Module {
		output.Program, output.SourceMap, output.Hash = "", "", [32]byte{}
		output.Exports = describeExports(input.Entry, exports)
	}
	return output, nil
}

// compile bundles and tries the program. Class fields are kept as they are unless the
// engine does not understand one; then again is true and a lowered build is worth a try.
func (u *used) compile(lowerFields bool) (output Output, problems []Problem, again bool) {
	output, problems = u.bundle(lowerFields)
	if problems != nil {
		return Output{}, problems, false
	}
	if len(output.Program) > maxProgram {
		return Output{}, []Problem{{Message: fmt.Sprintf("The program is %d bytes after translation; the limit is %d.", len(output.Program), maxProgram)}}, false
	}
	uses, err := tryProgram(output.Program)
	if err != nil {
		return Output{}, []Problem{u.compileProblem(err, output.SourceMap)}, !lowerFields
	}
	output.Env = inSource(uses, ReadMap(output.SourceMap))
	output.Hash = sha256.Sum256([]byte(output.Program))
	return output, nil, false
}

// tryProgram compiles a program, unless that could end this process, and finds which variables it
// names.
func tryProgram(program string) (uses []env.Use, err error) {
	if at, found := nesting.Find(program); found {
		where := place(program, at, Problem{})
		return nil, &js.SyntaxError{Message: tooDeep, Line: where.Line, Column: where.Column}
	}
	_, err = js.Compile(program, func(tree *js.Tree) { uses = env.Uses(tree) })
	return uses, err
}

// inSource are those of the uses that are in people's files.
func inSource(uses []env.Use, places SourceMap) (own []Use) {
	for _, use := range uses {
		if place, found := places.find(call.Frame{Line: use.Line, Column: use.Column}); found {
			own = append(own, Use{Name: use.Name, File: place.File, Line: place.Line, Column: place.Column})
		}
	}
	return own
}

const tooDeep = "This is nested too deeply: at most 2,000 brackets may be open, and 8,000 of them and of operators may wait for what follows."

// check refuses what no parser should see.
func check(input File) []Problem {
	if why := CheckLanguage(input.Language); why != "" {
		return []Problem{{Message: why}}
	}
	if len(input.Source) > MaxSource {
		return []Problem{{Message: fmt.Sprintf("The source is %d bytes; the limit is %d (1 MiB).", len(input.Source), MaxSource)}}
	}
	if !utf8.ValidString(input.Source) {
		at := firstInvalid(input.Source)
		return []Problem{place(input.Source, at, Problem{Message: "The source is not valid UTF-8.", Length: 1})}
	}
	if at := strings.IndexByte(input.Source, 0); at >= 0 {
		return []Problem{place(input.Source, at, Problem{Message: "The source has a NUL character.", Length: 1})}
	}
	if at, found := nesting.Find(input.Source); found {
		return []Problem{place(input.Source, at, Problem{Message: tooDeep})}
	}
	return nil
}

func firstInvalid(text string) int {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return i
			}
		}
	}
	return len(text)
}

// place puts a problem at a byte of the source.
func place(source string, at int, problem Problem) Problem {
	before := source[:at]
	problem.Line = strings.Count(before, "\n") + 1
	problem.Column = units(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return problem
}

// units counts the UTF-16 code units of a text; an invalid byte is one.
func units(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}
