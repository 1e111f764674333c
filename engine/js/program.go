package js

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"

	"picloud/engine/js/guard"
	"picloud/engine/js/library"
	"picloud/engine/js/rewrite"
	"picloud/engine/js/word"
)

// FileName is what a program's text is called in stacks.
const FileName = "function.js"

// Program is compiled text that any number of sandboxes may run at the same time.
type Program struct {
	code      *goja.Program
	additions []func(*Sandbox) // to install before it runs
	size      int
}

// SyntaxError is text that the engine cannot compile; the place is in that text.
type SyntaxError struct {
	Message string
	Line    int // from 1
	Column  int // from 1
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
}

// Tree is a program that has been parsed and not compiled yet.
type Tree struct {
	*ast.Program
	Text   string
	Strict bool // it is strict code even without a directive
}

// Compile turns a script (not a module) into a program, after the changes to its tree. The
// error is a *SyntaxError where the text is at fault. Compiling can be made to take for ever:
// text that nobody compiled before belongs into a process that may be killed.
func Compile(text string, changes ...func(*Tree)) (*Program, error) {
	if !utf8.ValidString(text) {
		return nil, &SyntaxError{Message: "The text is not valid UTF-8.", Line: 1, Column: 1}
	}
	parsed, err := parser.ParseFile(nil, FileName, text, 0, parser.WithDisableSourceMaps)
	if err != nil {
		return nil, syntaxError(err)
	}
	tree := &Tree{Program: parsed, Text: text}
	for _, change := range changes {
		change(tree)
	}
	called := additions(text)
	renamed := rewrite.Tree(parsed, text, globals(text, called))
	code, err := goja.CompileAST(parsed, tree.Strict)
	if err != nil {
		return nil, syntaxError(err)
	}
	p := &Program{code: code, size: len(text)}
	for _, a := range called {
		if !a.global || !slices.Contains(renamed, a.word) {
			p.additions = append(p.additions, a.install)
		}
	}
	return p, nil
}

// addition is a guard or a missing library function that a program calls for.
type addition struct {
	word    string
	times   int  // that it is in the text
	global  bool // it names a global, whose guard this is
	install func(*Sandbox)
}

// additions are in the order in which they are installed.
func additions(text string) (called []addition) {
	guards, files := guard.All(), library.Files()
	counts := make(map[string]int, 4*len(guards))
	for _, g := range guards {
		for _, word := range g.Words {
			counts[word] = 0
		}
	}
	for _, file := range files {
		for _, word := range file.Words {
			counts[word] = 0
		}
	}
	word.CountAll(text, counts)
	isThere := func(word string) bool { return counts[word] > 0 }
	for i := range guards {
		g := &guards[i]
		if !slices.ContainsFunc(g.Words, isThere) || !g.HasPart(text) {
			continue
		}
		for _, word := range g.Words {
			if isThere(word) {
				called = append(called, addition{word, counts[word], g.Global, func(s *Sandbox) { g.Install(s, word) }})
			}
		}
	}
	for _, file := range files {
		if slices.ContainsFunc(file.Words, isThere) && file.HasPart(text) {
			called = append(called, addition{install: func(s *Sandbox) { s.include(file.Name) }})
		}
	}
	return called
}

// globals are those whose guards can wait until they are first read, and how often the text
// has their names.
func globals(text string, called []addition) map[string]int {
	if guard.ReadsConstructors(text) {
		return nil
	}
	names := map[string]int{}
	for _, a := range called {
		if a.global {
			names[a.word] = a.times
		}
	}
	return names
}

// Size is the length of the text in bytes, a measure for the weight of the program in a cache.
func (p *Program) Size() int { return p.size }

func syntaxError(err error) error {
	if list, ok := errors.AsType[parser.ErrorList](err); ok && len(list) > 0 {
		first := list[0]
		return &SyntaxError{Message: first.Message, Line: first.Position.Line, Column: first.Position.Column}
	}
	if bad, ok := errors.AsType[*goja.CompilerSyntaxError](err); ok {
		at := &SyntaxError{Message: bad.Message, Line: 1, Column: 1}
		if bad.File != nil {
			position := bad.File.Position(bad.Offset)
			at.Line, at.Column = position.Line, position.Column
		}
		return at
	}
	return fmt.Errorf("compile: %w", err)
}
