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

// mentioned are the first of those in a text.
func mentioned(text string) map[string]specifier {
	found := map[string]specifier{}
	for at := 0; len(found) < bundle.MaxImports; {
		m := mention.FindStringSubmatchIndex(text[at:])
		if m == nil {
			break
		}
		one := specifier{name: text[at+m[2] : at+m[3]]}
		if m[4] >= 0 {
			one.number, _ = strconv.Atoi(text[at+m[4] : at+m[5]])
		}
		found[one.String()] = one
		at += m[1]
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
	hash    [32]byte // of its text, by which that is read
}

// resolver finds the modules that texts import.
type resolver struct {
	s     *Service
	app   id.App
	given map[string]*change       // by name: modules as they are to become
	known map[string]bundle.Import // by specifier
	nodes map[string]node          // by the names of files
	left  int                      // bytes of texts that may still be read
}

func (s *Service) newResolver(app id.App, changes []*change) *resolver {
	r := &resolver{s: s, app: app, given: map[string]*change{}, known: map[string]bundle.Import{}, nodes: map[string]node{}, left: maxTexts}
	for _, c := range changes {
		if c.kind == Module {
			r.given[c.current.Name] = c
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
	var added, roots []string
	for _, row := range rows {
		wanted := specifier{row.Asked, int(row.AskedNumber)}.String()
		if given := r.given[row.Name]; given != nil && row.AskedNumber == 0 { // by an old name
			r.known[wanted] = bundle.Import{File: r.addGiven(given), Warning: renamed(row)}
			texts = append(texts, given.source)
			continue
		}
		file, why := r.addFound(row)
		if why != "" {
			r.known[wanted] = bundle.Import{Refused: why}
			continue
		}
		r.known[wanted] = bundle.Import{File: file, Warning: renamed(row)}
		added = append(added, file)
		if row.AskedNumber > 0 {
			roots = append(roots, file)
		}
	}
	pinned, err := r.pin(ctx, roots)
	if err == nil {
		err = r.read(ctx, append(added, pinned...))
	}
	for _, file := range added {
		if r.nodes[file].follows {
			texts = append(texts, r.nodes[file].file.Source)
		}
	}
	return texts, err
}

func (r *resolver) add(found node) (file string) {
	r.nodes[found.file.Name] = found
	return found.file.Name
}

// addGiven adds a module that changes. What follows it and does not build stays at its version.
func (r *resolver) addGiven(given *change) (file string) {
	n := node{file: given.file(), script: given.current.ID, name: given.current.Name, follows: true}
	if given.follower {
		n.number = given.current.LiveVersion
	}
	return r.add(n)
}

// addFound adds a module, or says why it cannot be imported.
func (r *resolver) addFound(row queries.FindModulesRow) (file, why string) {
	if why := unfit(row); why != "" {
		return "", why
	}
	if !r.affords(int(row.Size)) {
		return "", bundle.TooMuch
	}
	language := bundle.Language(row.Language)
	found := node{script: row.ID, name: row.Name, number: int(row.Number), follows: row.AskedNumber == 0, hash: [32]byte(row.SourceHash)}
	found.file = bundle.File{Name: row.Name + language.Extension(), Language: language}
	if !found.follows {
		found.file.Name = fmt.Sprintf("%s@%d%s", row.Name, row.Number, language.Extension())
	}
	return r.add(found), ""
}

func (r *resolver) affords(size int) bool {
	r.left -= size
	return r.left >= 0
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

// read gets the texts of files.
func (r *resolver) read(ctx context.Context, files []string) error {
	if len(files) == 0 {
		return nil
	}
	hashes := make([][]byte, len(files))
	for i, file := range files {
		hash := r.nodes[file].hash
		hashes[i] = hash[:]
	}
	rows, err := r.s.q.ListSources(ctx, r.s.pool, queries.ListSourcesParams{AppID: r.app, Hashes: hashes})
	if err != nil {
		return fmt.Errorf("read modules of %s: %w", r.app, err)
	}
	texts := make(map[[32]byte]string, len(rows))
	for _, row := range rows {
		texts[[32]byte(row.Hash)] = row.Source
	}
	for _, file := range files {
		n := r.nodes[file]
		n.file.Source = texts[n.hash]
		r.nodes[file] = n
	}
	return nil
}

// version is one of a script.
type version struct {
	script id.Script
	number int
}

// pin adds what versions that imports name were built with, as it was. Their files stand below
// the version: pricing@3/tax.ts.
func (r *resolver) pin(ctx context.Context, roots []string) (files []string, err error) {
	if len(roots) == 0 {
		return nil, nil
	}
	params, tops := queries.ListPinnedModulesParams{AppID: r.app}, map[version]string{}
	for _, root := range roots {
		n := r.nodes[root]
		tops[version{n.script, n.number}] = root
		params.Scripts, params.Numbers = append(params.Scripts, pgtype.UUID{Bytes: n.script, Valid: true}), append(params.Numbers, int32(n.number))
	}
	modules, err := r.s.q.ListPinnedModules(ctx, r.s.pool, params)
	if err != nil {
		return nil, fmt.Errorf("read modules of versions of %s: %w", r.app, err)
	}
	imports, err := r.s.q.ListPinnedImports(ctx, r.s.pool, queries.ListPinnedImportsParams(params))
	if err != nil {
		return nil, fmt.Errorf("read imports of versions of %s: %w", r.app, err)
	}
	below := func(top, file string) string {
		return strings.TrimSuffix(top, r.nodes[top].file.Language.Extension()) + "/" + file
	}
	for _, row := range modules {
		if !r.affords(int(row.Size)) {
			continue // its import leads nowhere
		}
		top := tops[version{row.RootID, int(row.RootNumber)}]
		files = append(files, r.add(node{
			file:   bundle.File{Name: below(top, row.File), Language: bundle.Language(row.Language)},
			script: row.ModuleID, name: row.Name, number: int(row.Number), hash: [32]byte(row.SourceHash),
		}))
	}
	for _, row := range imports {
		top := tops[version{row.RootID, int(row.RootNumber)}]
		importer, leads := top, bundle.Import{File: below(top, row.File)}
		if row.Importer != "" {
			importer = below(top, row.Importer)
		}
		n, found := r.nodes[importer]
		if _, there := r.nodes[leads.File]; !there {
			leads = bundle.Import{Refused: bundle.TooMuch}
		}
		if !found {
			continue
		}
		if n.file.Imports == nil {
			n.file.Imports = map[string]bundle.Import{}
		}
		n.file.Imports[row.Specifier] = leads
		r.nodes[importer] = n
	}
	return files, nil
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
