package script

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/bundle"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

// Follow says which of the scripts that follow a module are built anew with it. The zero value is
// all of them.
type Follow struct {
	None bool
	Only []string // by name; empty: all
}

func (f Follow) takes(name string) bool {
	return !f.None && (len(f.Only) == 0 || slices.Contains(f.Only, name))
}

// wish is a script that is to have another live version.
type wish struct {
	script    id.Script
	add       *New // the script is to be made
	name      string
	kind      Kind
	source    string
	stored    *Version // a version whose text is to be live again; nil: the source is a new one's
	note      string
	given     bool // the source did not come from the draft
	ifVersion *int
}

// change is a wish for a script as it is now, or a script that is built anew with what it follows.
type change struct {
	wish
	current  Script // as it is; one that is to be made has no id
	follower bool

	output   bundle.Output
	problems bundle.Problems
	modules  map[string]node // in the program
	inputs   []byte          // inputsOf
	isLive   bool            // all that it is made of is live already
	isStored bool            // all that it is made of is that of the stored version
	made     int             // the number of its version
}

func (c *change) file() bundle.File {
	return bundle.File{Name: c.current.File(), Language: c.current.Language, Source: c.source}
}

// touchesModules tells whether others must be sure of it, or it of them.
func (c *change) touchesModules() bool { return c.kind == Module || len(c.modules) > 0 }

// plan is what wishes come to, for the scripts of the app as they are now.
type plan struct {
	app      id.App
	revision int64 // of the imports of the app
	asked    []*change
	followed []*change // those that build
	failed   []*change // those that follow and do not build
}

// errMoved says that a plan was overtaken by another.
var errMoved = errors.New("the scripts of the app have changed meanwhile")

// plan builds all that is asked for, and what follows it. Nothing is stored.
func (s *Service) plan(ctx context.Context, appID id.App, wishes []wish, follow Follow) (*plan, error) {
	p := &plan{app: appID}
	var err error
	if !appID.IsZero() {
		if p.revision, err = s.q.ReadModuleRevision(ctx, s.pool, appID); err != nil && !db.IsNoRows(err) {
			return nil, fmt.Errorf("read app %s: %w", appID, err)
		}
	}
	for _, w := range wishes {
		c, err := s.changeOf(ctx, appID, w)
		if err != nil {
			return nil, err
		}
		p.asked = append(p.asked, c)
	}
	followers, err := s.followers(ctx, p, follow)
	if err != nil {
		return nil, err
	}
	if err := s.buildAll(ctx, appID, slices.Concat(p.asked, followers)); err != nil {
		return nil, err
	}
	return p, s.sort(ctx, p, followers)
}

// sort tells those that follow and build from those that do not, and leaves out those whose modules
// are as they were.
func (s *Service) sort(ctx context.Context, p *plan, followers []*change) error {
	for _, c := range slices.Concat(p.asked, followers) {
		if err := s.compareInputs(ctx, c); err != nil {
			return err
		}
	}
	for _, c := range followers {
		switch {
		case len(c.problems) > 0:
			p.failed = append(p.failed, c)
		case !c.isLive:
			p.followed = append(p.followed, c)
		}
	}
	return nil
}

// changeOf is a wish for a script as it is now.
func (s *Service) changeOf(ctx context.Context, appID id.App, w wish) (*change, error) {
	if w.add != nil {
		return &change{wish: w, current: Script{App: appID, Name: w.add.Name, Language: w.add.Language, Kind: w.add.Kind}}, nil
	}
	current, err := s.read(ctx, appID, w.script)
	if err != nil {
		return nil, err
	}
	if current.Kind != w.kind {
		return nil, fault.New(fault.Conflict, "%s has become %s meanwhile.", current.Name, article(current.Kind))
	}
	if w.stored != nil {
		current.Language = w.stored.Language
	}
	return &change{wish: w, current: current}, nil
}

// maxTexts is how many bytes of scripts are built together.
const maxTexts = 32 << 20

// buildAll builds changes with each other, in one child.
func (s *Service) buildAll(ctx context.Context, appID id.App, changes []*change) error {
	r, texts, size := s.newResolver(appID, changes), []string(nil), 0
	for _, c := range changes {
		texts = append(texts, c.source)
		size += len(c.source)
	}
	if size > maxTexts {
		return fault.New(fault.TooLarge, "The texts of %d scripts would be built together, %d bytes; the limit is %d. Let fewer of them follow.", len(changes), size, maxTexts)
	}
	if err := r.resolve(ctx, texts...); err != nil {
		return err
	}
	modules, inputs := r.modules(), make([]bundle.Input, len(changes))
	for i, c := range changes {
		inputs[i] = bundle.Input{Entry: r.fill(c.file()), Module: c.kind == Module, Modules: modules, Depth: s.ModuleDepth}
	}
	built, err := s.build(ctx, inputs)
	if err != nil {
		return fmt.Errorf("build %s: %w", changes[0].current.File(), err)
	}
	for i, c := range changes {
		c.output, c.problems = built[i].Output, built[i].Problems
		c.modules = r.used(c.output)
		c.inputs = inputsOf(c.current.Language, hashOf(c.source), c.modules)
	}
	return nil
}

// inputsOf is the hash of all that a version is built from: language, text and modules.
func inputsOf(language bundle.Language, source []byte, modules map[string]node) []byte {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\x00%s", language, source)
	for _, file := range sortedFiles(modules) {
		fmt.Fprintf(sum, "\x00%s\x00%s", file, hashOf(modules[file].file.Source))
	}
	return sum.Sum(nil)
}

func sortedFiles(modules map[string]node) []string { return slices.Sorted(maps.Keys(modules)) }

// compareInputs tells whether a change is of what is live, or stored, already.
func (s *Service) compareInputs(ctx context.Context, c *change) error {
	same := func(version int) (bool, error) {
		if version == 0 || len(c.problems) > 0 {
			return false, nil
		}
		row, err := s.q.ReadVersionHash(ctx, s.pool, queries.ReadVersionHashParams{AppID: c.current.App, ScriptID: c.current.ID, Number: int32(version)})
		if err != nil {
			return false, fmt.Errorf("read version %d of %s: %w", version, c.current.ID, err)
		}
		return bytes.Equal(row.Inputs, c.inputs), nil
	}
	var err error
	if c.stored != nil {
		c.isStored, err = same(c.stored.Number)
		return err
	}
	c.isLive, err = same(c.current.LiveVersion)
	return err
}

// followers are the scripts that follow the modules among what is asked for, and are to be built
// anew. A name that follows none of them is an Invalid fault at field "follow".
func (s *Service) followers(ctx context.Context, p *plan, follow Follow) ([]*change, error) {
	var modules []id.Script
	for _, c := range p.asked {
		if c.kind == Module && c.add == nil {
			modules = append(modules, c.script)
		}
	}
	dependents, err := s.dependentsOf(ctx, s.pool, p.app, modules...)
	if err != nil {
		return nil, err
	}
	for _, named := range follow.Only {
		if !slices.ContainsFunc(dependents, func(d Dependent) bool { return d.Name == named && d.Follows }) {
			return nil, fault.AtField("follow", "%.80q does not follow what is published.", named)
		}
	}
	var found []*change
	for _, d := range dependents {
		isAsked := slices.ContainsFunc(p.asked, func(c *change) bool { return c.script == d.ID })
		if isAsked || !d.Follows || !follow.takes(d.Name) {
			continue
		}
		found = append(found, &change{
			wish:    wish{script: d.ID, name: d.Name, kind: d.Kind},
			current: Script{ID: d.ID, App: p.app, Name: d.Name, Kind: d.Kind, Language: d.language, LiveVersion: d.Version}, follower: true,
		})
	}
	return found, s.addLiveSources(ctx, p.app, found)
}

func (s *Service) addLiveSources(ctx context.Context, appID id.App, changes []*change) error {
	if len(changes) == 0 {
		return nil
	}
	ids, byID := make([]pgtype.UUID, len(changes)), map[id.Script]*change{}
	for i, c := range changes {
		ids[i], byID[c.script] = pgtype.UUID{Bytes: c.script, Valid: true}, c
	}
	rows, err := s.q.ReadLiveSources(ctx, s.pool, queries.ReadLiveSourcesParams{AppID: appID, Scripts: ids, Most: maxTexts})
	if err != nil {
		return fmt.Errorf("read what is live of %s: %w", appID, err)
	}
	if len(rows) < len(changes) {
		return fault.New(fault.TooLarge, "The texts of %d scripts would be built together; the limit is %d bytes. Let fewer of them follow.", len(changes), maxTexts)
	}
	for _, row := range rows {
		byID[row.ID].source = row.Source
	}
	return nil
}

// maxPlans is how often a change is planned anew because another was faster.
const maxPlans = 20

// release makes wishes live, with what follows them, in one transaction. check looks at a plan
// and may refuse it.
func (s *Service) release(ctx context.Context, grant actor.Grant, appID id.App, wishes []wish, follow Follow, check func(*plan) error) (*plan, error) {
	leave, err := s.turns.enter(ctx, appID)
	if err != nil {
		return nil, err
	}
	defer leave()
	for range maxPlans {
		p, err := s.plan(ctx, appID, wishes, follow)
		if err != nil {
			return nil, err
		}
		if err := check(p); err != nil {
			return nil, err
		}
		err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error { return s.carryOut(ctx, tx, authorOf(grant), p) })
		if err == nil {
			s.Announce(ctx)
			return p, nil
		}
		if !errors.Is(err, errMoved) {
			return nil, err
		}
	}
	return nil, fault.New(fault.Conflict, "The modules of the app were changed again and again meanwhile. Nothing was published; try again.")
}

// followNote says for which modules a script was built anew.
func followNote(c *change, made map[string]int) string {
	var names []string
	for _, file := range sortedFiles(c.modules) {
		if n := c.modules[file]; n.follows && made[n.name] > 0 {
			names = append(names, fmt.Sprintf("%s v%d", n.name, made[n.name]))
		}
	}
	if more := len(names) - maxFollowed; more > 0 {
		names = append(names[:maxFollowed], fmt.Sprintf("and %d more", more))
	}
	return "follows " + strings.Join(names, " ")
}

// maxFollowed is how many modules the note of a version names.
const maxFollowed = 5
