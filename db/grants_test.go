package db_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/db/dbtest"
)

// workerMay is the whole of it; a table that is not here is closed.
var workerMay = map[string][]string{
	"apps":              {"SELECT"},
	"app_old_slugs":     {"SELECT"},
	"scripts":           {"SELECT"},
	"script_old_names":  {"SELECT"},
	"script_versions":   {"SELECT"},
	"programs":          {"SELECT"},
	"change_log":        {"SELECT"},
	"pauses":            {"SELECT"},
	"variables":         {"SELECT"},
	"outbound_policies": {"SELECT"},
	"outbound_seen":     {"SELECT", "INSERT"},
	"executions":        {"INSERT"},
	"log_lines":         {"INSERT"},
	"captures":          {"INSERT"},
	"run_counts":        {"SELECT", "INSERT", "UPDATE"},
	"run_losses":        {"INSERT"},
}

func checkWorkerRights(t *testing.T, worker *pgxpool.Pool) {
	t.Helper()
	rows, err := worker.Query(t.Context(), `
SELECT c.relname, p.name, has_table_privilege(c.oid, p.name)
FROM pg_class c CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (name)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')`)
	if err != nil {
		t.Fatal(err)
	}
	type right struct {
		Table, Name string
		Has         bool
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[right])
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Errorf("only %d rights were asked for", len(all))
	}
	for _, r := range all {
		if want := slices.Contains(workerMay[r.Table], r.Name); r.Has != want {
			t.Errorf("%s on %s: %v, want %v", r.Name, r.Table, r.Has, want)
		}
	}
}

func TestWorkerReadsNoSecrets(t *testing.T) {
	t.Parallel()
	manager := dbtest.New(t)
	worker := dbtest.WorkerPool(t, manager)
	checkWorkerRights(t, worker)
	for _, statement := range []string{
		"SELECT * FROM users", "SELECT * FROM sessions", "SELECT * FROM api_keys", "SELECT * FROM settings",
		"SELECT * FROM setup_tokens", "SELECT * FROM audit", "SELECT path FROM executions", "SELECT message FROM log_lines",
		"UPDATE scripts SET name = 'x'", "UPDATE variables SET value = 'x'", "DELETE FROM variables", "UPDATE outbound_policies SET mode = 'open'", "DELETE FROM outbound_seen", "UPDATE outbound_seen SET host = 'x'", "DELETE FROM executions", "CREATE TABLE mine ()", "SET ROLE picloud_manager",
		"SELECT * FROM executions_default", "SELECT rolpassword FROM pg_authid", "COPY (SELECT 1) TO PROGRAM 'true'",
	} {
		if _, err := worker.Exec(t.Context(), statement); !db.IsDenied(err) {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// A worker adds rows by COPY and finds out which are there, also in partitions made later.
func TestWorkerAddsRuns(t *testing.T) {
	t.Parallel()
	manager := dbtest.New(t)
	worker := dbtest.WorkerPool(t, manager)
	write(t, manager, `CREATE TABLE log_lines_day PARTITION OF log_lines
		FOR VALUES FROM ('10000000-0000-0000-0000-000000000000') TO ('20000000-0000-0000-0000-000000000000')`)
	id := "10000000-0000-7000-8000-000000000001"
	count, err := worker.CopyFrom(t.Context(), pgx.Identifier{"log_lines"}, []string{"execution_id", "app_id", "seq", "at", "level", "message"},
		pgx.CopyFromRows([][]any{{id, id, 1, time.Now(), "info", "hello"}}))
	if err != nil || count != 1 {
		t.Fatal(count, err)
	}
	if got := read[int](t, worker, "SELECT count(*)::int FROM log_lines WHERE execution_id = $1", id); got != 1 {
		t.Error(got)
	}
	if got := read[string](t, manager, "SELECT message FROM log_lines_day"); got != "hello" {
		t.Error(got)
	}
}

func TestNarrowRoleOnAServerOfOnesOwn(t *testing.T) {
	t.Parallel()
	manager := dbtest.New(t)
	super := open(t, dbtest.SuperURL(t, manager))
	first, err := db.NarrowRole(t.Context(), super, dbtest.SuperURL(t, manager), "")
	if err != nil || first.Full != "" {
		t.Fatal(first, err)
	}
	worker := open(t, first.URL)
	role := read[string](t, worker, "SELECT current_user::text")
	t.Cleanup(func() { dropRole(t, dbtest.SuperURL(t, manager), role, worker) })
	checkWorkerRights(t, worker)
	if !strings.HasPrefix(role, "picloud_worker_") {
		t.Error(role)
	}
	second, err := db.NarrowRole(t.Context(), super, dbtest.SuperURL(t, manager), "")
	if err != nil || second != first {
		t.Error("another node gets another role:", err)
	}
}

// TestNarrowRoleKeepsTheAddress: a space in a parameter once became a +, which the server
// was then given.
func TestNarrowRoleKeepsTheAddress(t *testing.T) {
	t.Parallel()
	manager := dbtest.New(t)
	address := dbtest.SuperURL(t, manager) + "&options=-c%20search_path%3Dpublic&application_name=a+b"
	narrow, err := db.NarrowRole(t.Context(), open(t, address), address, "")
	if err != nil || narrow.Full != "" {
		t.Fatal(narrow, err)
	}
	worker := open(t, narrow.URL)
	role := read[string](t, worker, "SELECT current_user::text")
	t.Cleanup(func() { dropRole(t, dbtest.SuperURL(t, manager), role, worker) })
	if path := read[string](t, worker, "SHOW search_path"); path != "public" {
		t.Error("search_path", path)
	}
	if name := read[string](t, worker, "SHOW application_name"); name != "a+b" {
		t.Error("application_name", name)
	}
}

// dropRole removes a role that a test made; worker is a pool of it.
func dropRole(t *testing.T, superURL, role string, worker *pgxpool.Pool) {
	t.Helper()
	worker.Close()
	cleaner, err := db.Open(context.Background(), superURL, db.Options{})
	if err != nil {
		t.Error(err)
		return
	}
	defer cleaner.Close()
	if _, err := cleaner.Exec(context.Background(), "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
		t.Error(err)
	}
}

func TestNarrowRoleWithoutTheRightToMakeOne(t *testing.T) {
	t.Parallel()
	manager := dbtest.New(t)
	url := manager.Config().ConnString()
	got, err := db.NarrowRole(t.Context(), manager, url, "")
	if err != nil || got.URL != url || !strings.Contains(got.Full, "CREATEROLE") {
		t.Error(got, err)
	}
	got, err = db.NarrowRole(t.Context(), manager, url, "postgres://other@host/db")
	if err != nil || got.URL != "postgres://other@host/db" || got.Full != "" {
		t.Error(got, err)
	}
}
