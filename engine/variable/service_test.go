package variable_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/dbtest"
	"picloud/engine/actor"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/seal"
	"picloud/engine/variable"
)

// world is two apps, of which the first has a script.
type world struct {
	*testing.T
	pool        *pgxpool.Pool
	keys        *seal.Ring
	variables   *variable.Service
	owner       actor.Actor
	shop, other id.App
	script      id.Script
}

func begin(t *testing.T) *world {
	t.Helper()
	keys, err := seal.Open(seal.Generate(), "")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, pool: dbtest.New(t), keys: keys, shop: id.New[id.App](), other: id.New[id.App](), script: id.New[id.Script]()}
	w.variables = variable.NewService(w.pool, keys)
	w.owner = actor.Actor{User: id.New[id.User](), Name: "anna", CanWrite: true}
	w.exec("INSERT INTO users (id, email, name, password_hash) VALUES ($1, 'anna@example.com', 'anna', '')", w.owner.User)
	w.exec("INSERT INTO apps (id, slug, name) VALUES ($1, 'shop', 'Shop'), ($2, 'other', 'Other')", w.shop, w.other)
	w.exec("INSERT INTO scripts (id, app_id, name, language) VALUES ($1, $2, 'pay', 'typescript')", w.script, w.shop)
	return w
}

func (w *world) exec(sql string, values ...any) {
	w.Helper()
	if _, err := w.pool.Exec(w.Context(), sql, values...); err != nil {
		w.Fatal(err)
	}
}

func (w *world) may(capability actor.Capability, app id.App) actor.Grant {
	w.Helper()
	grant, err := actor.Allow(w.owner, capability, app)
	if err != nil {
		w.Fatal(err)
	}
	return grant
}

func (w *world) set(script id.Script, changes ...variable.Change) (int, error) {
	return w.variables.Set(w.Context(), w.may(actor.WriteScript, w.shop), script, changes)
}

func (w *world) mustSet(script id.Script, changes ...variable.Change) {
	w.Helper()
	if _, err := w.set(script, changes...); err != nil {
		w.Fatal(err)
	}
}

func (w *world) list(app id.App) []variable.Variable {
	w.Helper()
	all, err := w.variables.List(w.Context(), w.may(actor.ReadApp, app))
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func plain(name, value string) variable.Change { return variable.Change{Name: name, Value: value} }

func secret(name, value string) variable.Change {
	return variable.Change{Name: name, Value: value, Secret: true}
}

func TestVariablesAndSecrets(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.mustSet(id.Script{}, plain("COLOUR", "blue"), secret("TOKEN", "hush-hush"), plain("_", ""))
	w.mustSet(w.script, plain("COLOUR", "red"))
	w.exec("INSERT INTO sources (app_id, hash, source) VALUES ($1, '', '')", w.shop)
	w.exec(`INSERT INTO script_versions (id, app_id, script_id, number, language, source_hash, source_map, inputs, origin, author, env_names)
		VALUES ($1, $2, $3, 1, 'typescript', '', '', '', 1, 'anna', '{COLOUR,TOKEN,NOT_THERE}')`, id.New[id.Version](), w.shop, w.script)
	w.exec("UPDATE scripts SET live_version = 1 WHERE id = $1", w.script)
	all := w.list(w.shop)
	if len(all) != 4 || all[0].Name != "COLOUR" || all[0].Value != "blue" || !all[0].Script.IsZero() || len(all[0].UsedBy) != 0 {
		t.Fatalf("%+v", all)
	}
	if own := all[1]; own.Name != "COLOUR" || own.Value != "red" || own.ScriptName != "pay" || len(own.UsedBy) != 1 || own.SetBy != "anna" {
		t.Errorf("%+v", own)
	}
	if token := all[2]; token.Name != "TOKEN" || !token.Secret || token.Value != "" || token.Size != 9 || len(token.UsedBy) != 1 || !token.UsedAt.IsZero() {
		t.Errorf("%+v", token)
	}
	if len(w.list(w.other)) != 0 {
		t.Error("the other app has them")
	}
	var sealed []byte
	if err := w.pool.QueryRow(t.Context(), "SELECT sealed FROM variables WHERE name = 'TOKEN'").Scan(&sealed); err != nil || bytes.Contains(sealed, []byte("hush")) {
		t.Errorf("%q, %v", sealed, err)
	}
	if n, err := w.set(id.Script{}, plain("COLOUR", "blue")); n != 0 || err != nil {
		t.Errorf("the same value again changes %d: %v", n, err)
	}
	if err := w.variables.Delete(t.Context(), w.may(actor.WriteScript, w.shop), w.script, false, "COLOUR"); err != nil {
		t.Fatal(err)
	}
	if all := w.list(w.shop); len(all) != 3 || len(all[0].UsedBy) != 1 {
		t.Errorf("after the script's own value was deleted: %+v", all)
	}
	var audits int
	if err := w.pool.QueryRow(t.Context(), "SELECT count(*) FROM audit WHERE action IN ('variable set', 'secret set', 'variable deleted')").Scan(&audits); err != nil || audits != 5 {
		t.Errorf("%d audited, %v", audits, err)
	}
}

func TestWhatCannotBeSet(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.mustSet(id.Script{}, plain("A", "1"), secret("S", "12345678"))
	long := strings.Repeat("x", variable.MaxValue)
	many := make([]variable.Change, 17)
	for i := range many {
		many[i] = plain("BIG_"+strings.Repeat("I", i+1), long)
	}
	for _, c := range []struct {
		what    string
		changes []variable.Change
		kind    fault.Kind
		field   string
	}{
		{"no name", []variable.Change{plain("", "")}, fault.Invalid, "name"},
		{"a digit first", []variable.Change{plain("1A", "")}, fault.Invalid, "name"},
		{"a dash", []variable.Change{plain("A-B", "")}, fault.Invalid, "name"},
		{"a long name", []variable.Change{plain(strings.Repeat("A", 65), "")}, fault.Invalid, "name"},
		{"__proto__", []variable.Change{plain("__proto__", "")}, fault.Invalid, "name"},
		{"a long value", []variable.Change{plain("A", long+"x")}, fault.Invalid, "value"},
		{"NUL", []variable.Change{secret("A", "a\x00")}, fault.Invalid, "value"},
		{"no text", []variable.Change{secret("A", "\xff")}, fault.Invalid, "value"},
		{"twice", []variable.Change{plain("B", "1"), plain("B", "2")}, fault.Invalid, "B"},
		{"a secret as a variable", []variable.Change{plain("S", "1")}, fault.Conflict, "name"},
		{"what is there as what is new", []variable.Change{{Name: "A", Value: "2", Fresh: true}}, fault.Conflict, "name"},
		{"a variable as a secret", []variable.Change{secret("A", "1")}, fault.Conflict, "name"},
		{"too much", many, fault.Invalid, "value"},
	} {
		_, err := w.set(id.Script{}, c.changes...)
		f := fault.Of(err)
		if f.Kind != c.kind || len(f.Fields) == 0 || f.Fields[0].Name != c.field {
			t.Errorf("%s: %v, fields %+v", c.what, err, f.Fields)
		}
	}
	if all := w.list(w.shop); len(all) != 2 || all[0].Value != "1" {
		t.Errorf("something was set: %+v", all)
	}
	if _, err := w.set(id.New[id.Script](), plain("A", "2")); !fault.Is(err, fault.NotFound) {
		t.Errorf("for a script that is not there: %v", err)
	}
	if _, err := w.variables.Set(t.Context(), w.may(actor.WriteScript, w.other), w.script, []variable.Change{plain("A", "2")}); !fault.Is(err, fault.NotFound) {
		t.Errorf("for a script of another app: %v", err)
	}
	for _, kind := range []bool{true, false} {
		if err := w.variables.Delete(t.Context(), w.may(actor.WriteScript, w.other), id.Script{}, kind, "A"); !fault.Is(err, fault.NotFound) {
			t.Errorf("deleted from another app: %v", err)
		}
	}
	if err := w.variables.Delete(t.Context(), w.may(actor.WriteScript, w.shop), id.Script{}, false, "S"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a secret deleted as a variable: %v", err)
	}
}

// Whatever is done at the same time, an app does not get more than its share.
func TestTheShareOfAnAppIsKept(t *testing.T) {
	t.Parallel()
	w := begin(t)
	value := strings.Repeat("x", variable.MaxValue)
	done := make(chan error)
	for i := range 24 {
		go func() {
			_, err := w.set(id.Script{}, plain("V"+strings.Repeat("_", i), value))
			done <- err
		}()
	}
	set := 0
	for range 24 {
		switch err := <-done; {
		case err == nil:
			set++
		case !fault.Is(err, fault.Invalid):
			t.Error(err)
		}
	}
	if set != variable.MaxApp/variable.MaxValue {
		t.Errorf("%d values of 64 KiB were set", set)
	}
}

// What another key has sealed is told and left alone, and no other key seals beside it.
func TestAKeyThatIsNotHere(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.mustSet(id.Script{}, secret("TOKEN", "hush-hush"), plain("A", "1"))
	strange, err := seal.Open(seal.Generate(), "")
	if err != nil {
		t.Fatal(err)
	}
	there, old := w.variables, w.keys.Current()
	w.variables = variable.NewService(w.pool, strange)
	if all := w.list(w.shop); all[1].MissingKey != old || all[0].MissingKey != "" {
		t.Errorf("%+v", all)
	}
	_, err = w.set(id.Script{}, secret("TOKEN", "other"))
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Of(err).Public, string(old)) {
		t.Errorf("set with another key: %v", err)
	}
	w.mustSet(id.Script{}, plain("A", "2"))
	if said, err := variable.NewSystem(w.pool, strange).Missing(t.Context()); err != nil || !strings.Contains(said, string(old)) {
		t.Errorf("%q, %v", said, err)
	}
	if _, err := variable.NewSystem(w.pool, strange).Reseal(t.Context()); err == nil {
		t.Error("sealed anew what cannot be opened")
	}
	if all, err := there.List(t.Context(), w.may(actor.ReadApp, w.shop)); err != nil || all[1].MissingKey != "" {
		t.Errorf("%+v, %v", all, err)
	}
	if err := w.variables.Delete(t.Context(), w.may(actor.WriteScript, w.shop), id.Script{}, true, "TOKEN"); err != nil {
		t.Fatal(err)
	}
	w.mustSet(id.Script{}, secret("TOKEN", "other"))
}

func TestPlanOfAPaste(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.mustSet(id.Script{}, plain("SAME", "1"), plain("OTHER", "1"), secret("TOKEN", "hush-hush"))
	planned, err := w.variables.Plan(t.Context(), w.may(actor.WriteScript, w.shop), id.Script{}, "SAME=1\nOTHER=2\nTOKEN=x\nNEW=y\nAPI_KEY=z",
		func(name string) bool { return name != "NEW" })
	if err != nil {
		t.Fatal(err)
	}
	want := []variable.Planned{
		{Change: plain("SAME", "1"), Line: 1, Effect: variable.Keeps},
		{Change: plain("OTHER", "2"), Line: 2, Effect: variable.Replaces},
		{Change: secret("TOKEN", "x"), Line: 3, Effect: variable.Unknown},
		{Change: plain("NEW", "y"), Line: 4, Effect: variable.Adds},
		{Change: secret("API_KEY", "z"), Line: 5, Effect: variable.Adds},
	}
	for i := range want {
		if planned[i] != want[i] {
			t.Errorf("%+v, want %+v", planned[i], want[i])
		}
	}
	if _, err := w.variables.Plan(t.Context(), w.may(actor.WriteScript, w.shop), id.Script{}, "# nothing", nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("nothing in it: %v", err)
	}
}

func TestWhatAScriptGets(t *testing.T) {
	t.Parallel()
	w := begin(t)
	read, write := w.may(actor.ReadApp, w.shop), w.may(actor.WriteScript, w.shop)
	w.mustSet(id.Script{}, plain("A", "1"), plain("B", "1"), secret("TOKEN", "hush-hush"))
	now, added, err := w.variables.Put(t.Context(), write, w.script, plain("B", "2"))
	if err != nil || !added || now.Value != "2" || now.ScriptName != "pay" {
		t.Errorf("%+v, %v, %v", now, added, err)
	}
	if _, added, err := w.variables.Put(t.Context(), write, w.script, plain("B", "3")); err != nil || added {
		t.Errorf("set again: %v, %v", added, err)
	}
	got, err := w.variables.ListOf(t.Context(), read, w.script)
	if err != nil || len(got) != 3 || got[0].Value != "1" || got[1].Value != "3" || !got[2].Secret {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := w.variables.ListOf(t.Context(), read, id.New[id.Script]()); err != nil || len(got) != 3 || got[1].Value != "1" {
		t.Errorf("of another script: %+v, %v", got, err)
	}
	if one, err := w.variables.Get(t.Context(), read, id.Script{}, "B"); err != nil || one.Value != "1" {
		t.Errorf("%+v, %v", one, err)
	}
	if _, err := w.variables.Get(t.Context(), read, w.script, "A"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a value of its own that it has not: %v", err)
	}
	if n, err := w.variables.Paste(t.Context(), write, id.Script{}, "A=1\nB=2\nTOKEN=x\nNEW=y", func(string) bool { return true }); err != nil || n != 3 {
		t.Errorf("%d changed by a paste, %v", n, err)
	}
	if one, err := w.variables.Get(t.Context(), read, id.Script{}, "NEW"); err != nil || !one.Secret {
		t.Errorf("%+v, %v", one, err)
	}
}
