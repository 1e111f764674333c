package bundle

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/sdk/missing"
)

// refusal says why an import is refused and what may be imported.
func refusal(args api.OnResolveArgs) string {
	const allowed = `Only "picloud" and modules of the app can be imported, as in: import { log } from "picloud", import { total } from "app:pricing".`
	path := fmt.Sprintf("%.100q", args.Path)
	switch {
	case strings.HasPrefix(args.Path, appScheme) && len(args.With) == 0 && !isImport(args.Kind):
		return fmt.Sprintf("%s cannot be had this way. Use import, as in: import { total } from %s.", path, path)
	case strings.HasPrefix(args.Path, appScheme) && len(args.With) == 0:
		return NoModule(args.Path)
	case len(args.With) > 0:
		return fmt.Sprintf("%s cannot be imported with attributes. %s", path, allowed)
	case missing.Module(args.Path) != "":
		return fmt.Sprintf("%s %s %s", path, missing.Module(args.Path), allowed)
	case strings.HasPrefix(args.Path, "."), strings.HasPrefix(args.Path, "/"):
		return fmt.Sprintf("%s cannot be imported: there are no files beside a function. %s", path, allowed)
	case strings.Contains(args.Path, ":"):
		return fmt.Sprintf("%s cannot be imported: nothing is loaded from addresses. %s", path, allowed)
	}
	return fmt.Sprintf("%s cannot be imported: packages are not available. %s", path, allowed)
}

// plainer are esbuild's texts that speak of its own settings, with ours instead.
var plainer = []struct{ contains, message string }{
	{"Top-level await", "Top-level await is not supported. Move the await into the function."},
	{"The JSX syntax extension is not currently enabled", "JSX is not supported."},
	{"This \"import\" expression will not be bundled", `import() needs a fixed name, as in import("app:pricing").`},
	{"This call to \"require\" will not be bundled", `require is not available. Use import, as in: import { total } from "app:pricing".`},
	{"Indirect calls to \"require\" will not be bundled", `require is not available. Use import, as in: import { total } from "app:pricing".`},
}

func toProblems(file File, messages []api.Message) []Problem {
	problems := make([]Problem, len(messages))
	for i, message := range messages {
		problems[i] = toProblem(file, message)
	}
	return problems
}

// toProblems gives problems of the whole set; those of a module are told at its import.
func (u *used) toProblems(messages []api.Message) []Problem {
	var problems []Problem
	for _, message := range messages {
		name := u.input.Entry.Name
		if message.Location != nil {
			name = strings.TrimPrefix(message.Location.File, appScheme)
		}
		if u.read[name] == nil {
			name = u.input.Entry.Name
		}
		if lacks, found := u.lackingExport(message); found {
			message.Text = lacks
		}
		problems = append(problems, u.at(name, []Problem{toProblem(u.read[name].file, message)})...)
	}
	return problems
}

// maxNamed is how many exports are named where one is missing.
const maxNamed = 20

// lackingExport says that a module has no export of a name, and which it has.
func (u *used) lackingExport(message api.Message) (string, bool) {
	rest, found := strings.CutPrefix(message.Text, `No matching export in "`+appScheme)
	file, name, ok := strings.Cut(rest, `" for import `)
	name = strings.Trim(name, `"`)
	if !found || !ok || u.read[file] == nil {
		return "", false
	}
	has := u.exportsOf(file)
	if len(has) > maxNamed {
		has = append(slices.Clone(has[:maxNamed]), "…")
	}
	what := name
	if name == "default" {
		what = "default export"
	}
	module := strings.TrimSuffix(file, u.read[file].file.Language.Extension())
	if len(has) == 0 {
		return fmt.Sprintf("%s%s has no %s.", appScheme, module, what), true
	}
	return fmt.Sprintf("%s%s has no %s; it exports %s.", appScheme, module, what, strings.Join(has, ", ")), true
}

func toProblem(input File, message api.Message) Problem {
	problem := Problem{Message: sentence(message.Text)}
	for _, p := range plainer {
		if strings.Contains(message.Text, p.contains) {
			problem.Message = p.message
		}
	}
	if name, found := strings.CutPrefix(message.Text, `No matching export in "`+sdkNamespace+":"+sdkModule+`" for import `); found {
		problem.Message = fmt.Sprintf("%q exports no %s; it exports %s.", sdkModule, name, strings.Join(slices.Sorted(maps.Keys(sdkParts())), ", "))
	}
	at := message.Location
	if at == nil || strings.TrimPrefix(at.File, appScheme) != input.Name {
		return problem
	}
	start := min(at.Column, len(at.LineText))
	end := min(start+at.Length, len(at.LineText))
	problem.Line, problem.Column = at.Line, units(at.LineText[:start])+1
	problem.Length = units(at.LineText[start:end])
	if last := strings.Count(input.Source, "\n") + 1; problem.Line > last {
		end := place(input.Source, len(input.Source), Problem{})
		problem.Line, problem.Column, problem.Length = end.Line, end.Column, 0
	}
	return problem
}

// sentence ends a text with a full stop.
func sentence(text string) string {
	if text == "" || strings.HasSuffix(text, ".") || strings.HasSuffix(text, "}") {
		return text
	}
	return text + "."
}

// compileProblem puts an error of the engine's compiler at its place in the source.
func (u *used) compileProblem(err error, sourceMap string) Problem {
	at, ok := errors.AsType[*js.SyntaxError](err)
	if !ok {
		return Problem{Message: sentence("could not be compiled: " + err.Error())}
	}
	problem := Problem{Message: sentence("The engine does not accept this: " + at.Message)}
	frame := call.Frame{Line: at.Line, Column: at.Column}
	if places := ReadMap(sourceMap).Stack([]call.Frame{frame}); len(places) == 1 {
		problem.Line, problem.Column = places[0].Line, places[0].Column
		return u.at(places[0].File, []Problem{problem})[0]
	}
	return problem
}
