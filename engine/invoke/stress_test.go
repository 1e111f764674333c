package invoke_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"picloud/db/dbtest"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/body"
	"picloud/engine/bundle"
	"picloud/engine/call"
	"picloud/engine/execution/archive"
	"picloud/engine/execution/journal"
	"picloud/engine/execution/live"
	"picloud/engine/id"
	"picloud/engine/invoke"
	"picloud/engine/js"
	"picloud/engine/script"
	"picloud/engine/sdk/log"
	"picloud/engine/seal"
	"picloud/engine/webapi"
	"picloud/engine/worker"
)

// The test binary is its own build child.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "build" {
		if bundle.Main(os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
		return
	}
	js.SetUp()
	os.Exit(m.Run())
}

var sources = map[string]string{
	"ok":      `export default (request: Request) => request.text();`,
	"throws":  `export default () => { throw new TypeError("no"); };`,
	"invalid": `export default () => Symbol("x");`,
	"never":   `export default () => new Promise(() => {});`,
	"cpu":     `export default () => { for (;;); };`,
	"waits":   `export default () => new Promise((done) => setTimeout(done, 60000));`,
	"later":   `export default (request: Request, env: {}, ctx: any) => { ctx.waitUntil(new Promise((done) => setTimeout(done, 5))); console.log("x"); return "now"; };`,
	"stack":   `export default () => { const f = (): number => f() + 1; return f(); };`,
	"tells":   `export default () => { try { throw new Error("no"); } catch (error) { return error.stack; } };`,
	"slow":    `export default async () => { for (let n = 0; n < 5; n++) await new Promise((done) => setTimeout(done, 1)); return "slow"; };`,
}

func jobOf(live script.Live, limits call.Limits, let *atomic.Int64) invoke.Job {
	job := invoke.Published(live)
	job.Cause, job.Limits, job.Done = call.Cause{Kind: call.HTTP}, limits, func() { let.Add(1) }
	job.Event.Request = &call.Request{Method: "POST", URL: "http://localhost/x", Path: "/", Body: body.Bytes([]byte("body"))}
	return job
}

// TestAllOutcomesAtOnce: whatever becomes of many runs at the same instants, each is
// answered once, leaves one row, and nothing is left of it.
//
// It runs before the parallel tests, whose goroutines it would find.
func TestAllOutcomesAtOnce(t *testing.T) {
	pool := dbtest.New(t)
	lives := publish(t, pool)
	file, err := journal.Create(filepath.Join(t.TempDir(), "journal"), 64, 8<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	limits := call.DefaultLimits
	limits.CPU, limits.Wall = 30*time.Millisecond, 150*time.Millisecond
	invoker := invoke.New(invoke.Config{
		Programs: script.NewPrograms(dbtest.WorkerPool(t, pool), ""), Journal: file, Live: live.NewHub(file), Globals: js.NewGlobals(webapi.Globals(), log.Globals()),
		MaxRunning: 16, MaxWaiting: 64, MemoryBudget: 1 << 40, SlotLabel: worker.SlotLabel,
	})
	writers := dbtest.WorkerPool(t, pool)
	flusher := archive.NewFlusher(writers, file, 0)
	others := goleak.IgnoreCurrent()
	ctx, stop := context.WithCancel(context.Background())
	var background sync.WaitGroup
	background.Go(func() { _ = invoker.Watch(ctx) })
	background.Go(func() { _ = flusher.Run(ctx) })

	var let atomic.Int64
	var mu sync.Mutex
	outcomes := map[call.Outcome]int{}
	var callers sync.WaitGroup
	const many, each = 24, 30
	for c := range many {
		callers.Go(func() {
			for n := range each {
				live := lives.all[(c+n)%len(lives.all)]
				ctx, cancel := context.WithCancel(t.Context())
				if n%3 == 0 { // goes away some time, perhaps when all is over
					time.AfterFunc(time.Duration(n%7)*time.Millisecond, cancel)
				}
				result := invoker.Run(ctx, jobOf(live, limits, &let))
				cancel()
				mu.Lock()
				outcomes[result.Outcome]++
				mu.Unlock()
				if result.Execution == (id.Execution{}) {
					t.Errorf("%s without an id", result.Outcome)
				}
				if result.Outcome == call.OK && live.Name == "ok" {
					if body, _ := io.ReadAll(result.Response.Body); string(body) != "body" {
						t.Errorf("answer %q", body)
					}
				}
				if result.Outcome == call.OK && live.Name == "tells" {
					if body, _ := io.ReadAll(result.Response.Body); string(body) != "Error: no\n    at default (tells.ts:1:36)" {
						t.Errorf("stack %q", body)
					}
				}
			}
		})
	}
	callers.Wait()
	t.Logf("outcomes %v", outcomes)
	if err := invoker.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := invoker.Left(); left != "" {
		t.Errorf("left over: %s", left)
	}
	if result := invoker.Run(t.Context(), jobOf(lives.all[0], limits, &let)); result.Outcome != call.Busy {
		t.Errorf("admitted after Drain: %s", result.Outcome)
	}
	stop()
	background.Wait()
	var rows, distinct int64
	if err := pool.QueryRow(t.Context(), "SELECT count(*), count(DISTINCT id) FROM executions").Scan(&rows, &distinct); err != nil {
		t.Fatal(err)
	}
	if rows != many*each || distinct != rows {
		t.Errorf("lost row: %d rows of %d executions for %d calls", rows, distinct, many*each)
	}
	if want := many*each + int64(1); let.Load() != want {
		t.Errorf("%d of %d requests were let go", let.Load(), want)
	}
	// The pools are still open: their own goroutine, and one of a connection after a slow write.
	goleak.VerifyNone(t, others,
		goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"),
		goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgconn/internal/bgreader.(*BGReader).bgRead"))
	for _, want := range []call.Outcome{call.OK, call.Error, call.Invalid, call.CPU, call.Timeout, call.Stack, call.Cancelled} {
		if outcomes[want] == 0 {
			t.Errorf("no run ended with %s", want)
		}
	}
}

type published struct {
	table *script.Table
	all   []script.Live
}

func publish(t *testing.T, pool *pgxpool.Pool) published {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ada := actor.Actor{User: id.New[id.User](), Name: "Ada", CanWrite: true, Client: actor.Client{Address: "192.0.2.1"}}
	if _, err := pool.Exec(t.Context(), "INSERT INTO users (id, email, name, password_hash) VALUES ($1, 'ada@example.com', 'Ada', '')", ada.User); err != nil {
		t.Fatal(err)
	}
	may := func(capability actor.Capability, in id.App) actor.Grant {
		grant, err := actor.Allow(ada, capability, in)
		if err != nil {
			t.Fatal(err)
		}
		return grant
	}
	apps, scripts := app.New(pool), script.NewService(pool, bundle.NewChildren(executable, nil).BuildAll)
	out := published{table: script.NewTable(dbtest.WorkerPool(t, pool), &seal.Ring{}, nil)}
	var slugs []string
	for n := range 2 {
		shop, err := apps.Create(t.Context(), may(actor.CreateApp, id.App{}), app.Naming{Name: fmt.Sprint("Shop ", n)})
		if err != nil {
			t.Fatal(err)
		}
		slugs = append(slugs, shop.Slug)
		for name, source := range sources {
			made, err := scripts.Create(t.Context(), may(actor.WriteScript, shop.ID), script.New{Name: name})
			if err == nil {
				_, err = scripts.Publish(t.Context(), may(actor.WriteScript, shop.ID), made.ID, script.Publishing{Source: &source})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := out.table.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name := range sources {
		for _, slug := range slugs {
			live, found := out.table.Lookup(slug, name)
			if !found {
				t.Fatalf("%s is not live", name)
			}
			out.all = append(out.all, live)
		}
	}
	return out
}
