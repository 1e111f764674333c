package dashboard

import (
	"net/http"
	"regexp"
	"strings"

	"picloud/engine/bundle"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/graph"
	"picloud/views/paths"
)

// moduleHead is what the pages of a module say at their top; nil: the script is none.
func (d *Dashboard) moduleHead(r *http.Request) (*views.ModuleHead, error) {
	state := web.Of(r)
	if state.Script.Kind != script.Module {
		return nil, nil
	}
	dependents, err := d.Scripts.Dependents(r.Context(), state.Grant, state.Script.ID)
	if err != nil {
		return nil, err
	}
	head := &views.ModuleHead{Users: len(dependents), Alone: len(runners(dependents)) == 0}
	if state.Script.LiveVersion > 0 {
		exports, err := d.Scripts.Exports(r.Context(), state.Grant, state.Script.ID, state.Script.LiveVersion)
		if err != nil {
			return nil, err
		}
		head.Import = importLine(state.Script.Name, exports)
	}
	return head, nil
}

// runners are the functions that the draft of a module can run in.
func runners(dependents []script.Dependent) (names []string) {
	for _, d := range dependents {
		if d.Kind == script.Endpoint && d.Follows {
			names = append(names, d.Name)
		}
	}
	return names
}

// importedNames is how many names an import has that is written for somebody.
const importedNames = 5

// importLine imports what a module exports, as much as fits a line.
func importLine(name string, exports []bundle.Export) string {
	whole, values, types := "", []string(nil), []string(nil)
	for _, export := range exports {
		switch {
		case export.Name == "default":
			whole = localName(name)
		case !plainName.MatchString(export.Name):
		case export.Type:
			types = append(types, export.Name)
		default:
			values = append(values, export.Name)
		}
	}
	braces := ""
	if len(values) > 0 {
		braces = "{ " + strings.Join(values[:min(len(values), importedNames)], ", ") + " } "
	}
	switch {
	case whole != "" && braces != "":
		braces = whole + ", " + braces
	case whole != "":
		braces = whole + " "
	case braces == "" && len(types) > 0:
		braces = "type { " + strings.Join(types[:min(len(types), importedNames)], ", ") + " } "
	}
	if braces == "" {
		return `import "app:` + name + `"`
	}
	return "import " + braces + `from "app:` + name + `"`
}

var plainName = regexp.MustCompile(`^[\p{L}_$][\p{L}\p{N}_$]*$`)

// localName makes a name of the language of a script's name: "price-list" is priceList.
func localName(name string) string {
	words := strings.Split(name, "-")
	for i, word := range words[1:] {
		if word != "" {
			words[i+1] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	name = strings.Join(words, "")
	if '0' <= name[0] && name[0] <= '9' {
		return "_" + name
	}
	return name
}

// withModules tells the editor's page what there is of modules.
func (d *Dashboard) withModules(r *http.Request, props *views.ScriptProps) error {
	state := web.Of(r)
	var err error
	if props.Modules, err = d.importables(r); err != nil {
		return err
	}
	uses, err := d.Scripts.Modules(r.Context(), state.Grant, state.Script.ID, state.Script.LiveVersion)
	if err != nil {
		return err
	}
	if props.About.Uses = useRows(uses); state.Script.Kind != script.Module {
		return nil
	}
	exports, err := d.Scripts.Exports(r.Context(), state.Grant, state.Script.ID, state.Script.LiveVersion)
	if err != nil {
		return err
	}
	props.About.Exports = exportRows(exports)
	arrows, err := d.Scripts.Graph(r.Context(), state.Grant, state.Script.ID)
	if err != nil {
		return err
	}
	props.About.Graph = graphProps(state.App.Slug, state.Script.Name, arrows)
	dependents, err := d.Scripts.Dependents(r.Context(), state.Grant, state.Script.ID)
	props.Dependents = runners(dependents)
	for _, dependent := range dependents {
		props.About.Users = append(props.About.Users, views.UserRow{
			Name: dependent.Name, Module: dependent.Kind == script.Module, Version: dependent.Version, Has: dependent.Module,
			Pinned: !dependent.Follows, Direct: dependent.Direct, Through: dependent.Through,
		})
	}
	return err
}

func useRows(uses []script.Use) []views.UseRow {
	rows := make([]views.UseRow, len(uses))
	for i, use := range uses {
		rows[i] = views.UseRow{Name: use.Name, Version: use.Version, Pinned: !use.Follows, Direct: use.Direct, Through: use.Through, Gone: use.Gone}
	}
	return rows
}

func exportRows(exports []bundle.Export) []views.ExportRow {
	rows := make([]views.ExportRow, len(exports))
	for i, export := range exports {
		rows[i] = views.ExportRow(export)
	}
	return rows
}

// graphProps is the picture of who imports whom around a script.
func graphProps(app, current string, arrows []script.Arrow) graph.Props {
	props, known := graph.Props{Label: "Who imports " + current + ", and what it imports"}, map[string]bool{}
	add := func(name string, module bool) {
		if !known[name] {
			known[name] = true
			props.Nodes = append(props.Nodes, graph.Node{Name: name, Href: paths.Script(app, name), Module: module, Current: name == current})
		}
	}
	for _, a := range arrows {
		add(a.FromName, a.FromKind == script.Module)
		add(a.ToName, true)
		props.Arrows = append(props.Arrows, graph.Arrow{From: a.FromName, To: a.ToName, Version: a.Version, Pinned: !a.Follows})
	}
	return props
}

// Bounds of what the editor gets to complete imports with: so many modules, and so many bytes of
// names; of signatures and comments half of that.
const (
	completedModules = 500
	completedBytes   = 24 << 10
	completedDetail  = 80 // characters
)

// importables are the modules that the script of the request may import, for the editor to complete.
func (d *Dashboard) importables(r *http.Request) ([]views.Importable, error) {
	found, err := d.Scripts.Importables(r.Context(), web.Of(r).Grant)
	if err != nil {
		return nil, err
	}
	var list []views.Importable
	left := completedBytes
	for _, module := range found[:min(len(found), completedModules)] {
		if module.Name == web.Of(r).Script.Name {
			continue
		}
		one := views.Importable{Name: module.Name, Version: module.Version}
		for _, export := range module.Exports {
			name := importableName(export)
			if left < completedBytes/2 {
				name.Detail, name.Doc = "", ""
			}
			if left -= len(name.Name) + len(name.Detail) + len(name.Doc) + 40; left < 0 {
				break
			}
			one.Exports = append(one.Exports, name)
		}
		list = append(list, one)
	}
	return list, nil
}

// importableName tells of an export what a list of names has room for.
func importableName(export bundle.Export) views.ImportableName {
	name := views.ImportableName{Name: export.Name, Kind: "variable", Doc: clip(export.Doc, 2*completedDetail)}
	head, rest, _ := strings.Cut(export.Signature, export.Name)
	switch {
	case export.Type:
		name.Kind = "type"
	case strings.Contains(head, "function"):
		name.Kind = "function"
	case strings.Contains(head, "class"):
		name.Kind = "class"
	}
	name.Detail = clip(strings.Join(strings.Fields(rest), " "), completedDetail)
	return name
}
