package variable

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"picloud/engine/execution/redact"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/seal"
)

// Row is a variable as a worker knows it: secrets stay sealed until a function reads them.
type Row struct {
	ID     id.Variable
	Script id.Script // zero: of the app
	Name   string
	Value  string
	Sealed []byte // nil: it is no secret
	Key    seal.KeyID
}

// Values are those of one app as they are at a moment. They do not change.
type Values struct {
	app  id.App
	rows []Row // by name
	keys *seal.Ring
	uses *Uses

	noted []atomic.Bool // by row: that it was read is known to uses

	mu      sync.Mutex
	known   atomic.Pointer[redact.Values] // all secrets, or those that could be opened
	missing []seal.KeyID                  // keys without which some are not known
	made    atomic.Bool                   // all are known
}

// NewValues makes it of an app's rows. uses hears of secrets that are read.
func NewValues(app id.App, rows []Row, keys *seal.Ring, uses *Uses) *Values {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), slices.Compare(a.Script[:], b.Script[:]))
	})
	return &Values{app: app, rows: rows, keys: keys, uses: uses, noted: make([]atomic.Bool, len(rows))}
}

// Rows are what it was made of. They are not to be changed.
func (v *Values) Rows() []Row {
	if v == nil {
		return nil
	}
	return v.rows
}

// Of is what a script of the app gets; nil: nothing.
func (v *Values) Of(script id.Script) *Env {
	if v == nil || len(v.rows) == 0 {
		return nil
	}
	e := &Env{all: v}
	for i, row := range v.rows { // that of the app comes first
		switch last := len(e.at) - 1; {
		case !row.Script.IsZero() && row.Script != script:
		case last >= 0 && v.rows[e.at[last]].Name == row.Name:
			e.at[last] = i
		default:
			e.at = append(e.at, i)
		}
	}
	return e
}

// secrets are the values of all secrets, by their text. One that could not be opened is known as
// soon as its key is there.
func (v *Values) secrets() *redact.Values {
	if v.made.Load() {
		return v.known.Load()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.missing != nil && !slices.ContainsFunc(v.missing, v.keys.Has) || v.made.Load() {
		return v.known.Load()
	}
	v.missing = nil
	var all []string
	for i := range v.rows {
		if v.rows[i].Sealed == nil {
			continue
		}
		if value, err := v.open(&v.rows[i]); err == nil {
			all = append(all, value)
		} else if !v.keys.Has(v.rows[i].Key) {
			v.missing = append(v.missing, v.rows[i].Key)
		}
	}
	v.known.Store(redact.NewValues(all))
	v.made.Store(v.missing == nil)
	return v.known.Load()
}

func (v *Values) open(row *Row) (string, error) {
	value, err := v.keys.Open(row.Key, row.Sealed, identity(v.app, row.Script, row.Name))
	if err == nil {
		return string(value), nil
	}
	if missing, ok := errors.AsType[seal.NoKey](err); ok {
		return "", fault.New(fault.Unavailable, "The secret %s cannot be opened: the key %s that it was sealed with is not here.", row.Name, missing.ID)
	}
	return "", fault.New(fault.Internal, "The secret %s cannot be opened: its row was changed.", row.Name)
}

// Env is what the functions of a script get, by name. nil is nothing.
type Env struct {
	all *Values
	at  []int // of rows
}

// Len is how many names there are.
func (e *Env) Len() int {
	if e == nil {
		return 0
	}
	return len(e.at)
}

// Name is the i-th name in order, and whether it is a secret's.
func (e *Env) Name(i int) (name string, secret bool) {
	row := &e.all.rows[e.at[i]]
	return row.Name, row.Sealed != nil
}

// Value is that of the i-th name. A secret is opened, and noted to have been read. It fails, with a
// sentence for the function's author, for a secret that cannot be opened.
func (e *Env) Value(i int) (string, error) {
	v, at := e.all, e.at[i]
	row := &v.rows[at]
	if row.Sealed == nil {
		return row.Value, nil
	}
	if !v.noted[at].Load() && !v.noted[at].Swap(true) {
		v.uses.note(row.ID, &v.noted[at])
	}
	return v.open(row)
}

// Secrets are all of the app, whatever script they are of, to be found in what is kept of a run;
// nil: there are none.
func (e *Env) Secrets() *redact.Values {
	if e == nil {
		return nil
	}
	return e.all.secrets()
}
