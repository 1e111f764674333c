package js

import (
	"embed"
	"path"
	"strings"

	"github.com/dop251/goja"
)

// libraryFiles are functions of ECMA-262 that goja lacks.
//
//go:embed library/*.js
var libraryFiles embed.FS

// library compiles them, by file name without ending.
func library() map[string]*goja.Program {
	programs := map[string]*goja.Program{}
	entries, err := libraryFiles.ReadDir("library")
	must(err)
	for _, entry := range entries {
		text, err := libraryFiles.ReadFile("library/" + entry.Name())
		must(err)
		programs[strings.TrimSuffix(entry.Name(), path.Ext(entry.Name()))] = goja.MustCompile("picloud", string(text), true)
	}
	return programs
}

// libraryAdditions extend built-in objects where a program uses the name. They stand in the
// middle of additions, so none is ever added here.
func libraryAdditions() []addition {
	file := func(name string) func(*Sandbox) {
		return func(s *Sandbox) { s.include(name) }
	}
	return []addition{
		{words: []string{"withResolvers", "try"}, unless: lacks("withResolvers", "Promise.try"), install: file("promise")},
		{words: []string{"groupBy"}, install: file("group")},
		{words: []string{"asyncIterator"}, install: file("asynciterator")},
		{words: []string{"dispose", "asyncDispose"}, install: file("dispose")},
		{words: []string{"fromAsync"}, install: file("fromasync")},
		{words: []string{"isWellFormed", "toWellFormed"}, install: file("wellformed")},
		{words: []string{"escape"}, unless: lacks("RegExp.escape"), install: file("escape")},
		{words: []string{"sumPrecise"}, install: file("sumprecise")},
		{words: []string{"captureStackTrace"}, install: file("stacktrace")},
		{words: []string{"from"}, unless: lacks("8Array.from", "16Array.from", "32Array.from", "64Array.from", "ClampedArray.from"), install: file("typedarrayfrom")},
		{words: []string{"toLocaleString"}, install: file("localenumber")},
		{words: []string{"drop", "take", "toArray", "values", "keys", "entries"}, unless: lacks(".drop(", ".take(", ".toArray(", ".values().", ".keys().", ".entries()."), install: file("iterator")},
	}
}

// libraryGlobals are made when first looked up.
func libraryGlobals() map[string]func(*Sandbox) goja.Value {
	file := func(name string) func(*Sandbox) goja.Value {
		return func(s *Sandbox) goja.Value { return s.include(name) }
	}
	return map[string]func(*Sandbox) goja.Value{
		"Iterator":             file("iterator"),
		"WeakRef":              file("weakref"),
		"FinalizationRegistry": file("finalization"),
	}
}

// include runs a file of the library and gives its value.
func (s *Sandbox) include(name string) goja.Value {
	value, err := s.vm.RunProgram(s.globals.library[name])
	if err != nil {
		panic(err)
	}
	return value
}
