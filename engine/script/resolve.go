package script

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"picloud/engine/bundle"
	"picloud/engine/id"
	"picloud/queries"
)

// mention is what may be an import of a module in a text. The build finds out what is one: this
// only has to miss none, and an import that is written in another way is of no module.
var mention = regexp.MustCompile(`app:([a-z0-9][a-z0-9-]{0,62})(?:@([1-9][0-9]{0,8})\b)?`)

// specifier is what stands between the quotes of an import, read.
type specifier struct {
	name   string
	number int // 0: what is live
}

func (s specifier) String() string {
	if s.number == 0 {
		return "app:" + s.name
	}
	return "app:" + s.name + "@" + strconv.Itoa(s.number)
}

func mentioned(text string) map[string]specifier {
	found := map[string]specifier{}
	for _, m := range mention.FindAllStringSubmatch(text, -1) {
		number, _ := strconv.Atoi(m[2])
		found[specifier{name: m[1], number: number}.String()] = specifier{m[1], number}
	}
	return found
}

// node is a module that may be in a program.
type node struct {
	file    bundle.File
	script  id.Script
	name    string
	number  int // of its version; 0: the one that is made with the program
	follows bool
}

// resolver finds the modules that texts import.
type resolver struct {
	s     *Service
	app   id.App
	given map[string]*change       // by name: modules as they are to become
	known map[string]bundle.Import // by specifier
	nodes map[string]node          // by the names of files
}

func (s *Service) newResolver(app id.App, changes []*change) *resolver {
	r := &resolver{s: s, app: app, given: map[string]*change{}, known: map[string]bundle.Import{}, nodes: map[string]node{}}
	for _, c := range changes {
		if c.script.Kind == Module {
			r.given[c.script.Name] = c
		}
	}
	return r
}

// resolve finds all modules that a text may import, and those that they import.
func (r *resolver) resolve(ctx context.Context, texts ...string) error {
	for len(texts) > 0 {
		asked := map[string]specifier{}
		for _, text := range texts {
			for written, wanted := range mentioned(text) {
				if _, known := r.known[written]; !known {
					asked[written] = wanted
				}
			}
		}
		if len(asked) == 0 {
			return nil
		}
		fresh, err := r.find(ctx, asked)
		if err != nil {
			return err
		}
		texts = fresh
	}
	return nil
}

// find looks up modules and gives the texts of those that are live.
func (r *resolver) find(ctx context.Context, asked map[string]specifier) (texts []string, err error) {
	params := queries.FindModulesParams{AppID: r.app}
	for written, wanted := range asked {
		r.known[written] = bundle.Import{Refused: bundle.NoModule(written)}
		if given := r.given[wanted.name]; given != nil && wanted.number == 0 {
			r.known[written] = bundle.Import{File: r.addGiven(given)}
			texts = append(texts, given.source)
			continue
		}
		params.Names, params.Numbers = append(params.Names, wanted.name), append(params.Numbers, int32(wanted.number))
	}
	if len(params.Names) == 0 {
		return texts, nil
	}
	rows, err := r.s.q.FindModules(ctx, r.s.pool, params)
	if err != nil {
		return nil, fmt.Errorf("find modules of %s: %w", r.app, err)
	}
	pinned := queries.ListPinnedModulesParams{AppID: r.app}
	for _, row := range rows {
		wanted := specifier{row.Asked, int(row.AskedNumber)}
		if given := r.given[row.Name]; given != nil && wanted.number == 0 { // by an old name
			r.known[wanted.String()] = bundle.Import{File: r.addGiven(given), Warning: renamed(row)}
			texts = append(texts, given.source)
			continue
		}
		if why := unfit(row); why != "" {
			r.known[wanted.String()] = bundle.Import{Refused: why}
			continue
		}
		found := node{script: row.ID, name: row.Name, number: int(row.Number), follows: wanted.number == 0}
		found.file = bundle.File{Name: row.Name + bundle.Language(row.Language).Extension(), Language: bundle.Language(row.Language), Source: row.Source}
		if wanted.number > 0 {
			found.file.Name = fmt.Sprintf("%s@%d%s", row.Name, row.Number, found.file.Language.Extension())
			pinned.Scripts, pinned.Numbers = append(pinned.Scripts, pgtype.UUID{Bytes: row.ID, Valid: true}), append(pinned.Numbers, row.Number)
		} else {
			texts = append(texts, row.Source)
		}
		r.known[wanted.String()] = bundle.Import{File: r.add(found), Warning: renamed(row)}
	}
	if len(pinned.Scripts) > 0 {
		err = r.pin(ctx, pinned)
	}
	return texts, err
}

func (r *resolver) add(found node) (file string) {
	r.nodes[found.file.Name] = found
	return found.file.Name
}

func (r *resolver) addGiven(given *change) (file string) {
	return r.add(node{file: given.file(), script: given.script.ID, name: given.script.Name, number: given.version, follows: true})
}

// unfit says why a script that a name leads to cannot be imported.
func unfit(row queries.FindModulesRow) string {
	switch {
	case row.Kind != string(Module):
		return fmt.Sprintf("%s is an endpoint; only modules can be imported.", row.Name)
	case row.Number == 0 && row.AskedNumber == 0:
		return fmt.Sprintf("The module %s is not published yet.", row.Name)
	case row.Number == 0:
		return fmt.Sprintf("The module %s has no version %d.", row.Name, row.AskedNumber)
	case !row.Module:
		return fmt.Sprintf("Version %d of %s was an endpoint; only modules can be imported.", row.Number, row.Name)
	}
	return ""
}

func renamed(row queries.FindModulesRow) string {
	if row.Asked == row.Name {
		return ""
	}
	return fmt.Sprintf("The module %s is called %s now.", row.Asked, row.Name)
}

// pin adds what versions that imports name were built with, as it was. Their files stand below
// the version: pricing@3/tax.ts.
func (r *resolver) pin(ctx context.Context, roots queries.ListPinnedModulesParams) error {
	modules, err := r.s.q.ListPinnedModules(ctx, r.s.pool, roots)
	if err != nil {
		return fmt.Errorf("read modules of versions of %s: %w", r.app, err)
	}
	imports, err := r.s.q.ListPinnedImports(ctx, r.s.pool, queries.ListPinnedImportsParams(roots))
	if err != nil {
		return fmt.Errorf("read imports of versions of %s: %w", r.app, err)
	}
	type version struct {
		script id.Script
		number int
	}
	tops := map[version]string{} // files of the versions themselves
	for _, n := range r.nodes {
		if !n.follows && !strings.Contains(n.file.Name, "/") {
			tops[version{n.script, n.number}] = n.file.Name
		}
	}
	below := func(root version, file string) string {
		top := tops[root]
		return top[:len(top)-len(r.nodes[top].file.Language.Extension())] + "/" + file
	}
	for _, row := range modules {
		r.add(node{
			file: bundle.File{
				Name: below(version{row.RootID, int(row.RootNumber)}, row.File), Language: bundle.Language(row.Language), Source: row.Source, Imports: map[string]bundle.Import{},
			},
			script: row.ModuleID, name: row.Name, number: int(row.Number),
		})
	}
	for _, row := range imports {
		root := version{row.RootID, int(row.RootNumber)}
		importer := tops[root]
		if row.Importer != "" {
			importer = below(root, row.Importer)
		}
		n := r.nodes[importer]
		if n.file.Imports == nil {
			n.file.Imports = map[string]bundle.Import{}
		}
		n.file.Imports[row.Specifier] = bundle.Import{File: below(root, row.File)}
		r.nodes[importer] = n
	}
	return nil
}

// fill gives a text its imports.
func (r *resolver) fill(file bundle.File) bundle.File {
	file.Imports = map[string]bundle.Import{}
	for written := range mentioned(file.Source) {
		file.Imports[written] = r.known[written]
	}
	return file
}

// modules are all that were found.
func (r *resolver) modules() map[string]bundle.File {
	files := make(map[string]bundle.File, len(r.nodes))
	for name, n := range r.nodes {
		if n.follows {
			n.file = r.fill(n.file)
		}
		files[name] = n.file
	}
	return files
}

// used are the modules of a program.
func (r *resolver) used(output bundle.Output) map[string]node {
	used := map[string]node{}
	for _, edge := range output.Edges {
		used[edge.File] = r.nodes[edge.File]
	}
	return used
}
