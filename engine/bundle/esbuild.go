package bundle

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// The one module a source may import, and the file names of the build.
const (
	sdkModule     = "picloud"
	sdkNamespace  = "picloud"
	sdkText       = "export const log = __picloud.log;\n"
	globalName    = "__m"
	outputFile    = "/function.js"
	sourceMapFile = outputFile + ".map"
)

// missing lists the syntax the engine lacks; only that is lowered.
var missing = []string{
	"async-generator", "for-await", "using", "decorators", "dynamic-import", "import-meta",
	"regexp-match-indices", "regexp-set-notation", "regexp-unicode-property-escapes",
}

var classFields = []string{"class-field", "class-static-field"}

// symbolsPrelude defines the well-known symbols the engine lacks, by the very names
// esbuild's helpers fall back to.
const symbolsPrelude = `for(const n of["asyncIterator","dispose","asyncDispose"])if(!Symbol[n])Object.defineProperty(Symbol,n,{value:Symbol.for("Symbol."+n)});`

//go:embed regexp.js
var regexpPrelude string

// bundle is the build proper: one script text and its source map.
func bundle(input Input, lowerFields bool) (Output, []Problem) {
	options := settings(input)
	options.Format = api.FormatIIFE
	options.GlobalName = globalName
	options.Sourcemap = api.SourceMapExternal
	options.SourcesContent = api.SourcesContentExclude
	if lowerFields {
		for _, name := range classFields {
			options.Supported[name] = false
		}
	}
	result := api.Build(options)
	if len(result.Errors) == 0 {
		if prelude := choosePrelude(outputs(result)[outputFile]); prelude != "" {
			options.Banner = map[string]string{"js": prelude}
			result = api.Build(options)
		}
	}
	if len(result.Errors) > 0 {
		return Output{}, toProblems(input, result.Errors)
	}
	files := outputs(result)
	return Output{Program: files[outputFile], SourceMap: files[sourceMapFile]}, nil
}

// survey finds what the build proper does not tell: imports TypeScript would silently
// drop because nothing uses them, and a file that exports no handler.
func survey(input Input) []Problem {
	options := settings(input)
	options.Format = api.FormatESModule
	options.Metafile = true
	options.TsconfigRaw = `{"compilerOptions":{"verbatimModuleSyntax":true}}`
	result := api.Build(options)
	errors := result.Errors[:0]
	for _, message := range result.Errors {
		// A name of the SDK that is only a type; the build proper knows.
		if !strings.HasPrefix(message.Text, "No matching export") {
			errors = append(errors, message)
		}
	}
	if len(errors) > 0 {
		return toProblems(input, errors)
	}
	if len(result.Errors) > 0 {
		return nil
	}
	return surveyExports(input, result.Metafile)
}

func surveyExports(input Input, metafile string) []Problem {
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
		return []Problem{{Message: "could not be compiled: the build left no list of exports."}}
	}
	if meta.Inputs[input.File].Format == "cjs" {
		return []Problem{{Message: "This file uses CommonJS (module.exports). Export the function with \"export default\"."}}
	}
	for _, output := range meta.Outputs {
		for _, name := range output.Exports {
			if name == "default" {
				return nil
			}
		}
	}
	return []Problem{{Message: "This file exports no function. Add one: export default function (request) { … }"}}
}

// settings are shared by both builds. The plugin answers every import, so that esbuild
// never looks at the host's disk; the given tsconfig keeps it from searching for one.
func settings(input Input) api.BuildOptions {
	loader := api.LoaderTS
	if input.Language == JavaScript {
		loader = api.LoaderJS
	}
	supported := make(map[string]bool, len(missing)+len(classFields))
	for _, name := range missing {
		supported[name] = false
	}
	return api.BuildOptions{
		Stdin:         &api.StdinOptions{Contents: ownSource(input.Source), Sourcefile: input.File, Loader: loader},
		Bundle:        true,
		Outfile:       outputFile,
		AbsWorkingDir: "/",
		Platform:      api.PlatformBrowser,
		Target:        api.ESNext,
		Supported:     supported,
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
		Plugins: []api.Plugin{{Name: sdkNamespace, Setup: answerImports}},
	}
}

// ownSource makes a last source map comment that leads nowhere: esbuild follows the last
// one it finds, also to files of the host.
func ownSource(source string) string {
	if !strings.Contains(source, "sourceMappingURL") {
		return source
	}
	return source + "\n//# sourceMappingURL=none:"
}

func answerImports(build api.PluginBuild) {
	build.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
		if args.Path == sdkModule && args.Namespace != sdkNamespace && len(args.With) == 0 {
			return api.OnResolveResult{Path: sdkModule, Namespace: sdkNamespace}, nil
		}
		return api.OnResolveResult{Errors: []api.Message{{Text: refusal(args)}}}, nil
	})
	build.OnLoad(api.OnLoadOptions{Filter: ".*"}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
		if args.Namespace != sdkNamespace || args.Path != sdkModule {
			return api.OnLoadResult{Errors: []api.Message{{Text: fmt.Sprintf("%.80q cannot be read.", args.Path)}}}, nil
		}
		text := sdkText
		return api.OnLoadResult{Contents: &text, Loader: api.LoaderJS}, nil
	})
}

func outputs(result api.BuildResult) map[string]string {
	files := make(map[string]string, len(result.OutputFiles))
	for _, file := range result.OutputFiles {
		files[file.Path] = string(file.Contents)
	}
	return files
}

// choosePrelude adds only what the program's text asks for.
func choosePrelude(program string) string {
	var prelude string
	for _, name := range []string{"asyncIterator", "dispose", "asyncDispose"} {
		if strings.Contains(program, name) {
			prelude = symbolsPrelude
		}
	}
	if strings.Contains(program, `\p{`) || strings.Contains(program, `\P{`) {
		prelude += regexpPrelude
	}
	return prelude
}
