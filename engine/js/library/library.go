// Package library holds functions of ECMA-262 that goja lacks, written in JavaScript, and the
// words by which a program is known to need them.
package library

import (
	"embed"
	"fmt"

	"github.com/dop251/goja"
)

//go:embed *.js
var files embed.FS

// File is a script of the library. Its value counts only where it makes a global.
type File struct {
	Name   string   // without its ending
	Words  []string // a program with one of them needs the file
	Parts  []string // and only with one of these texts, if there are any
	Global string   // made by the file when it is first looked up; "": none
}

// Files are in the order in which they are run. They extend built-in objects, or make a global.
func Files() []File {
	return []File{
		{Name: "promise", Words: []string{"withResolvers", "try"}, Parts: []string{"withResolvers", "Promise.try"}},
		{Name: "group", Words: []string{"groupBy"}},
		{Name: "asynciterator", Words: []string{"asyncIterator"}},
		{Name: "dispose", Words: []string{"dispose", "asyncDispose"}},
		{Name: "fromasync", Words: []string{"fromAsync"}},
		{Name: "wellformed", Words: []string{"isWellFormed", "toWellFormed"}},
		{Name: "escape", Words: []string{"escape"}, Parts: []string{"RegExp.escape"}},
		{Name: "sumprecise", Words: []string{"sumPrecise"}},
		{Name: "stacktrace", Words: []string{"captureStackTrace"}},
		{Name: "typedarrayfrom", Words: []string{"from"}, Parts: []string{"8Array.from", "16Array.from", "32Array.from", "64Array.from", "ClampedArray.from"}},
		{Name: "localenumber", Words: []string{"toLocaleString"}},
		{
			Name: "iterator", Words: []string{"drop", "take", "toArray", "values", "keys", "entries"},
			Parts:  []string{".drop(", ".take(", ".toArray(", ".values().", ".keys().", ".entries()."},
			Global: "Iterator",
		},
		{Name: "weakref", Global: "WeakRef"},
		{Name: "finalization", Global: "FinalizationRegistry"},
	}
}

// Compile compiles all files, by name.
func Compile() map[string]*goja.Program {
	programs := map[string]*goja.Program{}
	for _, file := range Files() {
		text, err := files.ReadFile(file.Name + ".js")
		if err != nil {
			panic(fmt.Errorf("library: %w", err))
		}
		programs[file.Name] = goja.MustCompile("picloud", string(text), true)
	}
	return programs
}
