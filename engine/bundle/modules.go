package bundle

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"picloud/engine/call"
)

// reader remembers what was read of files, by their names: a set of builds has the same modules.
type reader map[string]*read

func newReader() reader { return reader{} }

// read is what one file says of itself.
type read struct {
	file     File
	problems []Problem
	imports  []imported // of modules, in the order of the text
	plain    *plain     // made when it is needed, like exports
	exports  *[]string
}

// plain is a file as JavaScript: there a name that is not exported is an error, while TypeScript
// takes it for a type.
type plain struct {
	text   string
	places SourceMap
}

func plainOf(file File) *plain {
	if file.Language == JavaScript {
		return &plain{text: ownSource(file.Source)}
	}
	options := settings(file)
	result := api.Transform(options.Stdin.Contents, api.TransformOptions{
		Sourcefile: file.Name, Loader: options.Stdin.Loader, JSX: options.JSX, JSXFactory: options.JSXFactory, JSXFragment: options.JSXFragment,
		Target: options.Target, TsconfigRaw: "{}", LogLevel: options.LogLevel, Sourcemap: api.SourceMapExternal,
	})
	return &plain{text: ownSource(string(result.Code)), places: ReadMap(string(result.Map))}
}

// imported is an import of a module, at its place.
type imported struct {
	specifier string
	at        Problem // without a message
	Import
}

// used is an input with the modules that it reaches.
type used struct {
	input    Input
	read     map[string]*read    // by name, the entry's too
	via      map[string]imported // the import in the entry by which a module was found
	edges    []Edge
	warnings []Problem
}

// of reads a file, once.
func (r reader) of(file File) *read {
	if known := r[file.Name]; known != nil && known.file.Source == file.Source {
		return known
	}
	fresh := &read{file: file, problems: check(file)}
	if fresh.problems == nil {
		fresh.problems = surveyDynamic(file)
	}
	if fresh.problems == nil {
		fresh.imports = importsOf(file)
	}
	r[file.Name] = fresh
	return fresh
}

// importsOf are the imports of modules in a file that nothing speaks against. Each is made an
// error, since those have places.
func importsOf(file File) (found []imported) {
	if !strings.Contains(file.Source, appScheme) {
		return nil
	}
	options := settings(file)
	options.TsconfigRaw, options.LogLimit = keepImports, MaxImports
	options.Plugins = []api.Plugin{{Name: appNamespace, Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			if !strings.HasPrefix(args.Path, appScheme) || len(args.With) > 0 || !isImport(args.Kind) {
				return api.OnResolveResult{Path: args.Path, External: true}, nil
			}
			return api.OnResolveResult{Errors: []api.Message{{Text: args.Path, Detail: args.Path}}}, nil
		})
	}}}
	for _, message := range api.Build(options).Errors {
		if specifier, ours := message.Detail.(string); ours {
			at := toProblem(file, message)
			at.Message = ""
			found = append(found, imported{specifier: specifier, at: at, Import: file.Imports[specifier]})
		}
	}
	return found
}

// gather reads the entry and all that it reaches. Problems are told in the entry, at the import
// that leads to them.
func (r reader) gather(input Input) (*used, []Problem) {
	entry := input.Entry
	u := &used{input: input, read: map[string]*read{entry.Name: r.of(entry)}, via: map[string]imported{}}
	if problems := u.read[entry.Name].problems; problems != nil {
		return nil, problems
	}
	var problems []Problem
	size, queue := len(entry.Source), []string{entry.Name}
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		for _, next := range u.read[name].imports {
			file, found := input.Modules[next.File]
			if why := u.read[name].refuses(next, found); why != "" {
				problems = append(problems, u.at(name, []Problem{next.problem(why)})...)
				continue
			}
			u.note(name, next)
			if u.read[file.Name] != nil {
				continue
			}
			u.read[file.Name] = r.of(file)
			size += len(file.Source)
			if len(u.read) > MaxModules+1 || size > MaxSources {
				return nil, u.at(name, []Problem{next.problem(TooMuch)})
			}
			problems = append(problems, u.at(file.Name, u.read[file.Name].problems)...)
			queue = append(queue, file.Name)
		}
	}
	if problems == nil {
		problems = u.chains()
	}
	if problems == nil && len(u.edges) > 0 {
		problems = u.matchExports()
	}
	return u, problems
}

// matchExports finds imports of names that the modules do not export.
func (u *used) matchExports() (problems []Problem) {
	options := u.settings()
	entry := u.plain(u.input.Entry.Name)
	options.Stdin.Contents, options.Stdin.Loader = entry.text, api.LoaderJS
	options.Plugins = []api.Plugin{{Name: sdkNamespace, Setup: func(build api.PluginBuild) { u.answer(build, u.asPlain) }}}
	for _, message := range api.Build(options).Errors {
		lacks, found := u.lackingExport(message)
		if !found || message.Location == nil {
			continue
		}
		name := strings.TrimPrefix(message.Location.File, appScheme)
		if u.read[name] == nil {
			continue
		}
		problem := toProblem(u.read[name].file, message)
		if place, mapped := u.plain(name).places.find(call.Frame{Line: message.Location.Line, Column: message.Location.Column + 1}); mapped {
			problem.Line, problem.Column = place.Line, place.Column
		}
		problem.Message = lacks
		if told := u.at(name, []Problem{problem})[0]; !slices.Contains(problems, told) {
			problems = append(problems, told)
		}
	}
	return problems
}

func (u *used) asPlain(file File) (string, api.Loader) { return u.plain(file.Name).text, api.LoaderJS }

func (u *used) plain(name string) *plain {
	read := u.read[name]
	if read.plain == nil {
		read.plain = plainOf(read.file)
	}
	return read.plain
}

// TooMuch are the words for an import with which a program would have more than it may.
var TooMuch = fmt.Sprintf("With this, more than %d modules or %d MiB of text come together; that is the limit.", MaxModules, MaxSources>>20)

// refuses says why an import leads nowhere; "" is nothing.
func (r *read) refuses(next imported, found bool) string {
	switch {
	case next.Refused != "":
		return next.Refused
	case !found && len(r.file.Imports) >= MaxImports:
		return TooMuch
	case !found && !strings.Contains(r.file.Source, next.specifier): // whoever looked for modules did not see it
		return fmt.Sprintf("Write %.100q without escapes.", next.specifier)
	case !found:
		return NoModule(next.specifier)
	}
	return ""
}

// NoModule are the words for a module that is not there, and for one that is another app's.
func NoModule(specifier string) string {
	return fmt.Sprintf("There is no module %.80q in this app.", strings.TrimPrefix(specifier, appScheme))
}

func (i imported) problem(message string) Problem {
	at := i.at
	at.Message = message
	return at
}

// note keeps who imports whom.
func (u *used) note(importer string, next imported) {
	edge := Edge{Importer: importer, Specifier: next.specifier, File: next.File}
	if importer == u.input.Entry.Name {
		edge.Importer = ""
		if next.Warning != "" {
			u.warnings = append(u.warnings, next.problem(next.Warning))
		}
	}
	if !slices.Contains(u.edges, edge) { // one may be named by import() too
		u.edges = append(u.edges, edge)
	}
	if _, known := u.via[next.File]; !known && next.File != u.input.Entry.Name {
		if importer == u.input.Entry.Name {
			u.via[next.File] = next
		} else {
			u.via[next.File] = u.via[importer]
		}
	}
}

// at tells problems of a file where the entry imports it.
func (u *used) at(name string, problems []Problem) []Problem {
	via, isModule := u.via[name]
	if name == u.input.Entry.Name || !isModule {
		return problems
	}
	told := make([]Problem, len(problems))
	for i, problem := range problems {
		where := name
		if problem.Line > 0 {
			where = fmt.Sprintf("%s:%d:%d", name, problem.Line, problem.Column)
		}
		told[i] = via.problem(fmt.Sprintf("%s does not build: %s: %s", via.specifier, where, problem.Message))
	}
	return told
}

// names are those of all files, the entry's first.
func (u *used) names() []string {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(u.read)), func(name string) bool { return name == u.input.Entry.Name })
	return append([]string{u.input.Entry.Name}, names...)
}

// chains refuses modules that import each other in a circle, or too many in a row.
func (u *used) chains() []Problem {
	limit := u.input.Depth
	if limit == 0 {
		limit = DefaultDepth
	}
	deepest := map[string][]string{} // by file: the longest row that begins with it
	var walk func(path []string) (circle []string)
	walk = func(path []string) []string {
		name := path[len(path)-1]
		if at := slices.Index(path, name); at < len(path)-1 {
			return path[at:]
		}
		if deepest[name] != nil {
			return nil
		}
		longest := []string{name}
		for _, next := range u.read[name].imports {
			if circle := walk(append(path[:len(path):len(path)], next.File)); circle != nil {
				return circle
			}
			if row := deepest[next.File]; len(row)+1 > len(longest) {
				longest = append([]string{name}, row...)
			}
		}
		deepest[name] = longest
		return nil
	}
	if u.input.Module { // others import it
		limit--
	}
	entry := u.input.Entry.Name
	for _, next := range u.read[entry].imports {
		if circle := walk([]string{entry, next.File}); circle != nil {
			return []Problem{next.problem(fmt.Sprintf("Modules import each other in a circle here: %s.", chain(circle)))}
		}
		if row := deepest[next.File]; len(row) > limit {
			return []Problem{next.problem(fmt.Sprintf("This leads %d modules deep; here the limit is %d: %s.", len(row), limit, chain(row)))}
		}
	}
	return nil
}

// chain writes files as the names of their modules.
func chain(files []string) string {
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = file[:strings.LastIndexByte(file, '.')]
	}
	return strings.Join(names, " → ")
}

// exportsOf are what a module exports, when it is built alone.
func (u *used) exportsOf(name string) []string {
	module := u.read[name]
	if module.exports == nil {
		alone := &used{input: Input{Entry: module.file, Module: true}, read: u.read}
		options := alone.settings()
		options.Metafile, options.Format = true, api.FormatESModule
		exports, _ := alone.surveyExports(api.Build(options).Metafile)
		module.exports = &exports
	}
	return *module.exports
}
