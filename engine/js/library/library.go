// Package library holds functions of ECMA-262 that goja lacks, written in JavaScript, and the
// words by which a program is known to need them.
package library

import (
	"embed"
	"fmt"

	"github.com/dop251/goja"

	"picloud/engine/js/word"
)

//go:embed *.js
var files embed.FS

// File is a script of the library. Its value counts only where it makes a global.
type File struct {
	word.Need        // of the program; none: the file makes a global only
	Name      string // without its ending
	Global    string // made by the file when it is first looked up; "": none
}

// Files are in the order in which they are run. They extend built-in objects, or make a global.
func Files() []File {
	return []File{
		{Name: "promise", Need: word.Of("withResolvers", "try").With("withResolvers", "Promise.try")},
		{Name: "group", Need: word.Of("groupBy")},
		{Name: "asynciterator", Need: word.Of("asyncIterator")},
		{Name: "dispose", Need: word.Of("dispose", "asyncDispose")},
		{Name: "fromasync", Need: word.Of("fromAsync")},
		{Name: "wellformed", Need: word.Of("isWellFormed", "toWellFormed")},
		{Name: "escape", Need: word.Of("escape").With("RegExp.escape")},
		{Name: "sumprecise", Need: word.Of("sumPrecise")},
		{Name: "stacktrace", Need: word.Of("captureStackTrace")},
		{Name: "typedarrayfrom", Need: word.Of("from").With("8Array.from", "16Array.from", "32Array.from", "64Array.from", "ClampedArray.from")},
		{Name: "localenumber", Need: word.Of("toLocaleString")},
		{
			Name: "iterator", Global: "Iterator",
			Need: word.Of("drop", "take", "toArray", "values", "keys", "entries").
				With(".drop(", ".take(", ".toArray(", ".values().", ".keys().", ".entries()."),
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
