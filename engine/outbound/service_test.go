package outbound_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/dbtest"
	"picloud/engine/actor"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/outbound"
)

// world is two apps, of which the first has two scripts.
type world struct {
	*testing.T
	pool        *pgxpool.Pool
	service     *outbound.Service
	owner       actor.Actor
	shop, other id.App
	pay, send   id.Script
}

func begin(t *testing.T) *world {
	t.Helper()
	w := &world{
		T: t, pool: dbtest.New(t), shop: id.New[id.App](), other: id.New[id.App](), pay: id.New[id.Script](), send: id.New[id.Script](),
		owner: actor.Actor{User: id.New[id.User](), Name: "anna", CanWrite: true},
	}
	w.service = outbound.NewService(w.pool)
	w.exec("INSERT INTO users (id, email, name, password_hash) VALUES ($1, 'anna@example.com', 'anna', '')", w.owner.User)
	w.exec("INSERT INTO apps (id, slug, name) VALUES ($1, 'shop', 'Shop'), ($2, 'other', 'Other')", w.shop, w.other)
	w.exec("INSERT INTO scripts (id, app_id, name, language) VALUES ($1, $3, 'pay', 'typescript'), ($2, $3, 'send', 'typescript')", w.pay, w.send, w.shop)
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

func (w *world) set(policy outbound.Policy) {
	w.Helper()
	if _, err := w.service.Set(w.Context(), w.may(actor.ManageOutbound, w.shop), policy); err != nil {
		w.Fatal(err)
	}
}

func (w *world) read(app id.App) outbound.Setting {
	w.Helper()
	now, err := w.service.Read(w.Context(), w.may(actor.ReadApp, app))
	if err != nil {
		w.Fatal(err)
	}
	return now
}

// seen are the hosts that were seen, as "script host".
func (w *world) seen(app id.App) (all []string) {
	w.Helper()
	seen, err := w.service.Seen(w.Context(), w.may(actor.ReadApp, app))
	if err != nil {
		w.Fatal(err)
	}
	for _, one := range seen {
		all = append(all, one.ScriptName+" "+one.Host)
	}
	return all
}

func (w *world) count(sql string, values ...any) (n int) {
	w.Helper()
	if err := w.pool.QueryRow(w.Context(), sql, values...).Scan(&n); err != nil {
		w.Fatal(err)
	}
	return n
}

func TestReadAndSet(t *testing.T) {
	t.Parallel()
	w := begin(t)
	if now := w.read(w.shop); now.Mode != outbound.Open || len(now.Hosts)+len(now.Networks) > 0 || !now.SetAt.IsZero() {
		t.Errorf("%+v before anybody has set one", now)
	}
	told := 0
	w.service.Here = func(context.Context) error { told++; return nil }
	w.set(outbound.Policy{Mode: outbound.Listed, Hosts: []string{"example.com"}, Networks: []string{"192.168.1.20:8123"}})
	now := w.read(w.shop)
	if now.Mode != outbound.Listed || !slices.Equal(now.Hosts, []string{"example.com"}) || !slices.Equal(now.Networks, []string{"192.168.1.20:8123"}) ||
		now.SetBy != "anna" || now.SetAt.IsZero() {
		t.Errorf("%+v", now)
	}
	w.set(outbound.Policy{Mode: outbound.Learn})
	if now := w.read(w.shop); now.Mode != outbound.Learn || len(now.Hosts)+len(now.Networks) > 0 {
		t.Errorf("%+v", now)
	}
	if w.read(w.other).Mode != outbound.Open {
		t.Error("the other app has it too")
	}
	if told != 2 || w.count("SELECT count(*) FROM change_log WHERE app_id = $1", w.shop) != 2 {
		t.Errorf("the worker was told %d times", told)
	}
	if n := w.count("SELECT count(*) FROM audit WHERE action = 'outgoing requests set' AND object = $1", "app:"+w.shop.String()); n != 2 {
		t.Errorf("%d rows of audit", n)
	}
	_, err := w.service.Set(t.Context(), w.may(actor.ManageOutbound, w.shop), outbound.Policy{Mode: outbound.Open, Networks: []string{"10.0.0.1/8"}})
	if f := fault.Of(err); f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != "networks" || w.read(w.shop).Mode != outbound.Learn {
		t.Errorf("%v", err)
	}
}

func TestWhoMayOnlyWriteScriptsChangesNothing(t *testing.T) {
	t.Parallel()
	w := begin(t)
	write := w.may(actor.WriteScript, w.shop)
	_, set := w.service.Set(t.Context(), write, outbound.Policy{Mode: outbound.Open})
	_, list := w.service.List(t.Context(), write, time.Now())
	for what, err := range map[string]error{"set": set, "list": list, "forget": w.service.Forget(t.Context(), write)} {
		if !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// note writes down that scripts called hosts, as a worker does.
func (w *world) note(visits ...string) {
	w.Helper()
	learnt := outbound.NewLearnt()
	for _, visit := range visits {
		var name, host string
		if _, err := fmt.Sscan(visit, &name, &host); err != nil {
			w.Fatal(err)
		}
		learnt.Note(w.shop, map[string]id.Script{"pay": w.pay, "send": w.send, "gone": id.New[id.Script]()}[name], host)
	}
	w.write(learnt)
}

// write has it written as when the worker ends.
func (w *world) write(learnt *outbound.Learnt) {
	w.Helper()
	ended, cancel := context.WithCancel(w.Context())
	cancel()
	if err := learnt.Run(ended, dbtest.WorkerPool(w.T, w.pool)); err != nil {
		w.Fatal(err)
	}
}

func TestLearning(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.note("pay a.example")
	if seen := w.seen(w.shop); len(seen) > 0 {
		t.Errorf("%q is learnt though nobody asked for it", seen)
	}
	w.set(outbound.Policy{Mode: outbound.Learn, Hosts: []string{"first.example"}, Networks: []string{"10.0.0.0/8"}})
	w.note("send c.example:8443", "pay b.example", "pay a.example", "gone x.example", "pay localhost", "pay \x00", "send b.example")
	want := []string{"pay a.example", "pay b.example", "send b.example", "send c.example:8443"}
	if seen := w.seen(w.shop); !slices.Equal(seen, want) {
		t.Errorf("%q, want %q", seen, want)
	}
	w.exec("UPDATE outbound_seen SET first_at = now() - interval '1 day', last_at = now() - interval '1 day'")
	w.note("pay a.example", "pay new.example")
	if n := w.count("SELECT count(*) FROM outbound_seen WHERE last_at > now() - interval '1 hour' AND (first_at < last_at) = (host = 'a.example')"); n != 2 {
		t.Errorf("%d hosts are known to have been called again", n)
	}
	if seen := w.seen(w.other); len(seen) > 0 {
		t.Errorf("%q in the other app", seen)
	}

	now, err := w.service.List(t.Context(), w.may(actor.ManageOutbound, w.shop), time.Now().Add(-time.Hour))
	if err != nil || now.Mode != outbound.Listed || !slices.Equal(now.Hosts, []string{"first.example", "a.example", "b.example", "c.example:8443"}) ||
		!slices.Equal(now.Networks, []string{"10.0.0.0/8"}) {
		t.Errorf("%+v, %v: want what was there and what was shown", now, err)
	}
	if !slices.Equal(w.read(w.shop).Hosts, now.Hosts) {
		t.Error("not kept")
	}
	if _, err := w.service.List(t.Context(), w.may(actor.ManageOutbound, w.shop), time.Now()); !fault.Is(err, fault.Conflict) {
		t.Errorf("made a list twice: %v", err)
	}
	if _, err := w.service.List(t.Context(), w.may(actor.ManageOutbound, w.other), time.Now()); !fault.Is(err, fault.Conflict) {
		t.Errorf("without a policy: %v", err)
	}
	w.note("pay later.example")
	if seen := w.seen(w.shop); len(seen) != 5 {
		t.Errorf("%q", seen)
	}
	if err := w.service.Forget(t.Context(), w.may(actor.ManageOutbound, w.shop)); err != nil || len(w.seen(w.shop)) > 0 {
		t.Errorf("forgotten: %v", err)
	}
}

// A function that calls whatever its callers name fills neither the app's share nor the table.
func TestWhatIsLearntHasBounds(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.set(outbound.Policy{Mode: outbound.Learn})
	for round := range 2 {
		learnt := outbound.NewLearnt()
		for i := range 10_000 {
			learnt.Note(w.shop, w.pay, fmt.Sprintf("h%d-%d.example", round, i))
			learnt.Note(w.shop, w.pay, "same.example")
		}
		w.write(learnt)
	}
	if n := w.count("SELECT count(*) FROM outbound_seen"); n != outbound.MaxHosts {
		t.Errorf("%d hosts of one script", n)
	}
	w.note("send a.example")
	if n := w.count("SELECT count(*) FROM outbound_seen WHERE script_id = $1", w.send); n != 1 {
		t.Error("another script has no room")
	}
	for n := range 6 {
		script, learnt := id.New[id.Script](), outbound.NewLearnt()
		w.exec("INSERT INTO scripts (id, app_id, name, language) VALUES ($1, $2, 's' || $3::int, 'typescript')", script, w.shop, n)
		for i := range outbound.MaxHosts {
			learnt.Note(w.shop, script, fmt.Sprintf("h%d.example", i))
		}
		w.write(learnt)
	}
	if n := w.count("SELECT count(*) FROM outbound_seen"); n != outbound.MaxSeen {
		t.Errorf("%d hosts of one app", n)
	}
	_, err := w.service.List(t.Context(), w.may(actor.ManageOutbound, w.shop), time.Now().Add(time.Hour))
	if f := fault.Of(err); f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != "hosts" || w.read(w.shop).Mode != outbound.Learn {
		t.Errorf("a list that is too long: %v", err)
	}
}
