package bundle

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"picloud/engine/call"
)

// What a source may import: the SDK, and modules of its app. The rest are names within the build.
const (
	sdkModule     = "picloud"
	sdkNamespace  = "picloud"
	appNamespace  = "app"
	appScheme     = "app:"
	outputFile    = "/function.js"
	sourceMapFile = outputFile + ".map"
)

// sdkParts are what the module exports, each a module of its own, so that a program has those only
// that it imports.
func sdkParts() map[string]string {
	return map[string]string{"log": "__picloud.log", "env": "__picloud_env", "secrets": "__picloud_secrets"}
}

// sdkText is the text of the module, or of a part of it.
func sdkText(path string) (string, bool) {
	if value, found := sdkParts()[path]; found {
		return fmt.Sprintf("export const %s = %s;\n", path, value), true
	}
	if path != sdkModule {
		return "", false
	}
	var text strings.Builder
	for _, part := range slices.Sorted(maps.Keys(sdkParts())) {
		fmt.Fprintf(&text, "export { %[1]s } from %[1]q;\n", part)
	}
	return text.String(), true
}

// lowered is the syntax the engine lacks and esbuild can write in other words. Flags d and
// v of regular expressions are not in it: they would fail when the function runs.
func lowered() map[string]bool {
	return map[string]bool{
		"async-generator": false, "for-await": false, "using": false, "decorators": false,
		"dynamic-import": false, "import-meta": false,
	}
}

// bundle is the build proper: one script text and its source map.
func (u *used) bundle(lowerFields bool) (Output, []Problem) {
	options := u.settings()
	options.Format = api.FormatESModule
	options.Banner = map[string]string{"js": opening}
	options.Sourcemap = api.SourceMapExternal
	options.SourcesContent = api.SourcesContentExclude
	if lowerFields {
		options.Supported["class-field"] = false
		options.Supported["class-static-field"] = false
	}
	result := api.Build(options)
	if len(result.Errors) > 0 {
		return Output{}, u.toProblems(result.Errors)
	}
	files := outputs(result)
	program, ok := closeModule(files[outputFile], u.input.Module)
	if !ok {
		return Output{}, []Problem{{Message: "could not be compiled: the build left no export."}}
	}
	return Output{Program: strings.Replace(program, resumesReturn, resumesNext, 1), SourceMap: files[sourceMapFile]}, nil
}

// esbuild's helper for async generators sends "return" again after an await in a finally,
// which ends the finally there (ECMA-262, section 27.5.3.4, resumes it); only a yield* needs it.
const (
	resumesReturn = `resume(k === "return" ? k : "next", v[1]`
	resumesNext   = `resume(k === "return" && v[1] ? k : "next", v[1]`
)

// A module becomes a script by hand: esbuild's own form for scripts copies the exports
// with helpers that would run at every call. Its value is the default export: a global
// variable and an object of exports would cost every call more than the call itself.
const (
	opening = `(()=>{"use strict";`
	closing = "return %s})();\n"
)

// closeModule puts a return of the default export in the place of the export clause with
// which esbuild ends a module: one "  name as alias," a line. That of a module of an app returns
// nothing: it is there to be compiled once.
func closeModule(text string, ofApp bool) (string, bool) {
	at := strings.LastIndex(text, "\nexport {\n")
	if at < 0 {
		return "", false
	}
	if ofApp {
		return text[:at+1] + fmt.Sprintf(closing, "null"), true
	}
	for entry := range strings.Lines(text[at+len("\nexport {\n"):]) {
		if name, found := strings.CutSuffix(strings.TrimRight(entry, ",\n"), " as default"); found {
			return text[:at+1] + fmt.Sprintf(closing, strings.TrimSpace(name)), true
		}
	}
	return "", false
}

// survey finds what the build proper does not tell: imports TypeScript would silently
// drop because nothing uses them, what the entry exports, and names that are missing.
func (u *used) survey() (exports []string, warnings, problems []Problem) {
	options := u.settings()
	options.Format = api.FormatESModule
	options.Metafile = true
	options.Sourcemap = api.SourceMapExternal
	options.SourcesContent = api.SourcesContentExclude
	options.TsconfigRaw = keepImports
	markMissing(options.Define)
	result := api.Build(options)
	errors := make([]api.Message, 0, len(result.Errors))
	for _, message := range result.Errors {
		// A name of a module that is only a type; the build proper knows.
		if !strings.HasPrefix(message.Text, "No matching export") {
			errors = append(errors, message)
		}
	}
	if len(errors) > 0 {
		return nil, nil, u.toProblems(errors)
	}
	if len(result.Errors) > 0 {
		return nil, nil, nil
	}
	exports, problems = u.surveyExports(result.Metafile)
	if problems != nil {
		return nil, nil, problems
	}
	files := outputs(result)
	return exports, missingIn(u.input.Entry.Name, files[outputFile], files[sourceMapFile]), nil
}

const keepImports = `{"compilerOptions":{"verbatimModuleSyntax":true}}`

// surveyDynamic refuses import() and require() of anything but a fixed name. It must come
// before every bundling: there esbuild takes a template such as `./${x}` for a pattern
// and, past all plugins, lists the folders of the host.
func surveyDynamic(file File) []Problem {
	options := settings(file)
	result := api.Transform(options.Stdin.Contents, api.TransformOptions{
		Sourcefile: file.Name, Loader: options.Stdin.Loader, Format: api.FormatCommonJS, Platform: options.Platform,
		JSX: options.JSX, JSXFactory: options.JSXFactory, JSXFragment: options.JSXFragment,
		Target: options.Target, Supported: options.Supported, Define: options.Define, Charset: options.Charset,
		TsconfigRaw: keepImports, LogLevel: options.LogLevel, LogLimit: options.LogLimit, LogOverride: options.LogOverride,
	})
	if len(result.Errors) == 0 {
		return nil
	}
	if problem, found := looksLikeJSX(file, options); found {
		return []Problem{problem}
	}
	return toProblems(file, result.Errors)
}

// looksLikeJSX tells whether a source in TypeScript would be one with JSX, and where its first
// element is: as TypeScript that is a cast and much that makes no sense.
func looksLikeJSX(file File, options api.BuildOptions) (Problem, bool) {
	const factory = "__picloud_element"
	if file.Language != TypeScript {
		return Problem{}, false
	}
	result := api.Transform(options.Stdin.Contents, api.TransformOptions{
		Sourcefile: file.Name, Loader: api.LoaderTSX, JSX: api.JSXTransform, JSXFactory: factory, Charset: options.Charset,
		Target: options.Target, TsconfigRaw: keepImports, LogLevel: options.LogLevel, Sourcemap: api.SourceMapExternal,
	})
	if len(result.Errors) > 0 {
		return Problem{}, false
	}
	line := 0
	for text := range strings.Lines(string(result.Code)) {
		line++
		if at := strings.Index(text, factory); at >= 0 {
			place, found := ReadMap(string(result.Map)).find(call.Frame{Line: line, Column: at + 1})
			return Problem{Message: jsxInTypeScript, Line: place.Line, Column: place.Column, Length: 1}, found
		}
	}
	return Problem{}, false
}

const jsxInTypeScript = "This looks like JSX. Choose TypeScript with JSX as the language, in the settings."

// surveyExports are the names that the entry exports. A function needs a default export, a module
// one of any name.
func (u *used) surveyExports(metafile string) ([]string, []Problem) {
	var meta struct {
		Inputs map[string]struct {
			Format string `json:"format"`
		} `json:"inputs"`
		Outputs map[string]struct {
			EntryPoint string   `json:"entryPoint"`
			Exports    []string `json:"exports"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return nil, []Problem{{Message: "could not be compiled: the build left no list of exports."}}
	}
	for _, name := range u.names() {
		key := name
		if name != u.input.Entry.Name {
			key = appScheme + name
		}
		if meta.Inputs[key].Format == "cjs" {
			source := u.read[name].file.Source
			at := max(0, strings.Index(source, "exports"))
			return nil, u.at(name, []Problem{place(source, at, Problem{Message: "This file uses CommonJS (module.exports). Use \"export\", as in \"export default\"."})})
		}
	}
	for _, output := range meta.Outputs {
		if output.EntryPoint != "" && (slices.Contains(output.Exports, "default") || u.input.Module && len(output.Exports) > 0) {
			return output.Exports, nil
		}
	}
	source := u.input.Entry.Source
	end := len(strings.TrimRight(source, " \t\r\n")) // where one adds it
	lacks := "This file exports no function. Add one: export default function (request) { … }"
	if u.input.Module {
		lacks = "This module exports nothing. Export what others are to import: export function total(items) { … }"
	}
	return nil, []Problem{place(source, end, Problem{Message: lacks})}
}

// settings are those of a build of the whole set.
func (u *used) settings() api.BuildOptions {
	options := settings(u.input.Entry)
	options.Plugins = []api.Plugin{{Name: sdkNamespace, Setup: func(build api.PluginBuild) { u.answer(build, asWritten) }}}
	return options
}

// settings are shared by all builds. Each adds a plugin that answers every import, so that esbuild
// never looks at the host's disk; the given tsconfig keeps it from searching for one.
func settings(file File) api.BuildOptions {
	return api.BuildOptions{
		Stdin:         &api.StdinOptions{Contents: ownSource(file.Source), Sourcefile: file.Name, Loader: loader(file.Language)},
		JSX:           api.JSXTransform,
		JSXFactory:    "h", // as those name it who are not React
		JSXFragment:   "Fragment",
		Bundle:        true,
		Outfile:       outputFile,
		AbsWorkingDir: "/",
		Platform:      api.PlatformBrowser,
		Target:        api.ESNext,
		Supported:     lowered(),
		Define:        map[string]string{"process.env.NODE_ENV": `"production"`, "import.meta.url": `"file:///function.js"`},
		Charset:       api.CharsetASCII, // the engine counts columns in bytes, source maps in UTF-16 units
		LegalComments: api.LegalCommentsNone,
		TsconfigRaw:   "{}",
		LogLevel:      api.LogLevelSilent,
		LogLimit:      20,
		LogOverride: map[string]api.LogLevel{
			"unsupported-dynamic-import": api.LogLevelError,
			"unsupported-require-call":   api.LogLevelError,
			"indirect-require":           api.LogLevelError,
		},
	}
}

func loader(language Language) api.Loader {
	switch language {
	case JavaScript:
		return api.LoaderJS
	case TSX:
		return api.LoaderTSX
	}
	return api.LoaderTS
}

// ownSource makes a last source map comment that leads nowhere: esbuild follows the last
// one it finds, also to files of the host.
func ownSource(source string) string {
	if !strings.Contains(source, "sourceMappingURL") {
		return source
	}
	return source + "\n//# sourceMappingURL=none:"
}

func asWritten(file File) (string, api.Loader) { return ownSource(file.Source), loader(file.Language) }

// answer lets a file import the SDK, and the modules that its own list names.
func (u *used) answer(build api.PluginBuild, text func(File) (string, api.Loader)) {
	build.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
		if args.Namespace == sdkNamespace {
			if args.Path == sdkModule || len(args.With) > 0 {
				return refused(args), nil
			}
			return api.OnResolveResult{Path: args.Path, Namespace: sdkNamespace, SideEffects: api.SideEffectsFalse}, nil
		}
		if args.Path == sdkModule && len(args.With) == 0 {
			return api.OnResolveResult{Path: args.Path, Namespace: sdkNamespace, SideEffects: api.SideEffectsFalse}, nil
		}
		importer := u.input.Entry.Name
		if args.Namespace == appNamespace {
			importer = args.Importer
		}
		if to, found := u.leads(importer, args); found {
			return api.OnResolveResult{Path: to, Namespace: appNamespace}, nil
		}
		return refused(args), nil
	})
	build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: sdkNamespace}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
		text, found := sdkText(args.Path)
		if !found {
			return api.OnLoadResult{Errors: []api.Message{{Text: "This cannot be imported."}}}, nil
		}
		return api.OnLoadResult{Contents: &text, Loader: api.LoaderJS}, nil
	})
	build.OnLoad(api.OnLoadOptions{Filter: ".*"}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
		read := u.read[args.Path]
		if args.Namespace != appNamespace || read == nil {
			return api.OnLoadResult{Errors: []api.Message{{Text: "This cannot be imported."}}}, nil
		}
		contents, loader := text(read.file)
		return api.OnLoadResult{Contents: &contents, Loader: loader}, nil
	})
}

// leads gives the file to which an import in another leads.
func (u *used) leads(importer string, args api.OnResolveArgs) (string, bool) {
	from := u.read[importer]
	if from == nil || len(args.With) > 0 || !isImport(args.Kind) {
		return "", false
	}
	to := from.file.Imports[args.Path].File
	return to, to != "" && u.read[to] != nil
}

func isImport(kind api.ResolveKind) bool {
	return kind == api.ResolveJSImportStatement || kind == api.ResolveJSDynamicImport
}

func refused(args api.OnResolveArgs) api.OnResolveResult {
	return api.OnResolveResult{Errors: []api.Message{{Text: refusal(args)}}}
}

func outputs(result api.BuildResult) map[string]string {
	files := make(map[string]string, len(result.OutputFiles))
	for _, file := range result.OutputFiles {
		files[file.Path] = string(file.Contents)
	}
	return files
}
