package script

import (
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/engine/execution"
	"picloud/engine/id"
	"picloud/engine/seal"
	"picloud/engine/variable"
	"picloud/queries"
)

// Index is the name of the script that answers at the root address of its app.
const Index = "index"

// Live is the version of a script that its URL runs.
type Live struct {
	App       id.App
	AppSlug   string
	Script    id.Script
	Name      string
	Version   int
	VersionID id.Version
	Hash      [32]byte // SHA-256 of the program
	Capture   execution.Policy
	Paused    Paused

	env      *variable.Env
	outbound *outboundPolicy // nil: nobody has set one for the app
}

// Env is what the script gets of its app's variables; nil: nothing.
func (l *Live) Env() *variable.Env { return l.env }

// Paused says whether and why calls are refused; see engine/pause.
type Paused uint8

// What is paused.
const (
	NotPaused Paused = iota
	ProgramPaused
	AppPaused
)

// Table is what a worker knows of all that is live: names and hashes, no sources. Lookups
// take no lock; a refresh puts a new state in the place of the old. While the database is
// away it keeps what it knows.
type Table struct {
	pool  *pgxpool.Pool
	q     *queries.Queries
	keys  *seal.Ring
	uses  *variable.Uses
	state atomic.Pointer[state]

	denied sync.Once

	refreshing sync.Mutex // one refresh at a time; guards changes
	changes    changes
	changed    chan struct{} // has an entry when the state is another than it was
	restored   atomic.Bool   // the state is that of a Start
	rechecked  atomic.Int64  // when Recheck last asked, in nanoseconds since 1970
}

// state is immutable once it is in the table.
type state struct {
	slugs    map[string]id.App // slugs in use
	oldSlugs map[string]id.App
	apps     map[id.App]*tenant
}

type tenant struct {
	slug     string
	live     map[string]*Live
	oldNames map[string]string // to the name in use
	paused   map[[32]byte]bool // programs
	aside    bool              // all of it is paused
	values   *variable.Values  // nil: none
	outbound *outboundPolicy   // nil: nobody has set one
}

func (t *tenant) isPaused(program [32]byte) Paused {
	switch {
	case t.aside:
		return AppPaused
	case t.paused[program]:
		return ProgramPaused
	}
	return NotPaused
}

// NewTable makes an empty table over a pool in the worker's role; Refresh fills it. The keys open
// the secrets that functions read, which uses hears of.
func NewTable(pool *pgxpool.Pool, keys *seal.Ring, uses *variable.Uses) *Table {
	t := &Table{pool: pool, q: queries.New(), keys: keys, uses: uses, changed: make(chan struct{}, 1)}
	t.state.Store(&state{})
	return t
}

// Lookup finds what is live under the names in use.
func (t *Table) Lookup(appSlug, name string) (Live, bool) {
	s := t.state.Load()
	app, ok := s.slugs[appSlug]
	if !ok {
		return Live{}, false
	}
	live, ok := s.apps[app].live[name]
	if !ok {
		return Live{}, false
	}
	return *live, true
}

// Moved finds the names in use of what was once reached under these. It is for names
// that Lookup does not find, and finds only what is live.
func (t *Table) Moved(appSlug, name string) (newSlug, newName string, found bool) {
	s := t.state.Load()
	app, current := s.slugs[appSlug]
	if !current {
		if app, found = s.oldSlugs[appSlug]; !found {
			return "", "", false
		}
	}
	tenant := s.apps[app]
	if tenant == nil {
		return "", "", false
	}
	if tenant.live[name] != nil {
		return tenant.slug, name, true
	}
	newName, found = tenant.oldNames[name]
	if !found || tenant.live[newName] == nil {
		return "", "", false
	}
	return tenant.slug, newName, true
}

// Paused tells whether a program of an app may not run: of a draft, too.
func (t *Table) Paused(app id.App, program [32]byte) Paused {
	if tenant := t.state.Load().apps[app]; tenant != nil {
		return tenant.isPaused(program)
	}
	return NotPaused
}

// Env is what a script of an app gets of its variables, one without a live version too; nil:
// nothing.
func (t *Table) Env(app id.App, script id.Script) *variable.Env {
	if tenant := t.state.Load().apps[app]; tenant != nil {
		return tenant.values.Of(script)
	}
	return nil
}

// Size is the number of live scripts.
func (t *Table) Size() int {
	n := 0
	for _, tenant := range t.state.Load().apps {
		n += len(tenant.live)
	}
	return n
}
