package js

import (
	"errors"
	"fmt"
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
	additions []func(*Sandbox)
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

// Compile turns a script (not a module) into a program. The error is a *SyntaxError where the
// text is at fault. What change makes of the parsed text is compiled. Compiling can be made to take for ever: text that nobody compiled before
// belongs into a process that may be killed.
func Compile(text string, change ...func(*Tree)) (*Program, error) {
	if !utf8.ValidString(text) {
		return nil, &SyntaxError{Message: "The text is not valid UTF-8.", Line: 1, Column: 1}
	}
	parsed, err := parser.ParseFile(nil, FileName, text, 0, parser.WithDisableSourceMaps)
	if err != nil {
		return nil, syntaxError(err)
	}
	tree := &Tree{Program: parsed, Text: text}
	for _, change := range change {
		change(tree)
	}
	rewrite.Tree(parsed, text)
	code, err := goja.CompileAST(parsed, tree.Strict)
	if err != nil {
		return nil, syntaxError(err)
	}
	return &Program{code: code, additions: choose(text), size: len(text)}, nil
}

// choose gives the guards and the missing library functions that a text calls for.
func choose(text string) (chosen []func(*Sandbox)) {
	var needs []word.Need
	var install []func(*Sandbox)
	for _, g := range guard.All() {
		needs = append(needs, g.Need)
		install = append(install, func(s *Sandbox) { g.Install(s) })
	}
	for _, file := range library.Files() {
		needs = append(needs, file.Need)
		install = append(install, func(s *Sandbox) { s.include(file.Name) })
	}
	for place, called := range word.Called(text, needs) {
		if called {
			chosen = append(chosen, install[place])
		}
	}
	return chosen
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
