package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/db/dbtest"
)

// serveEmbedded starts the binary with a PostgreSQL of its own.
func serveEmbedded(t *testing.T, flags ...string) *product {
	t.Helper()
	p := newProduct(t, flags...)
	p.start()
	p.key = p.token()
	p.reach()
	return p
}

// reach opens the private database.
func (p *product) reach() {
	p.t.Helper()
	address, running, err := db.Running(p.dataDir)
	if err != nil || !running {
		p.t.Fatalf("the private PostgreSQL: running %v, %v", running, err)
	}
	if p.pool, err = pgxpool.New(p.t.Context(), address); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(p.pool.Close)
}

// postmaster is the process id of the private PostgreSQL.
func (p *product) postmaster() int {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dataDir, "postgres", "postmaster.pid"))
	if err != nil {
		p.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	if err != nil {
		p.t.Fatal(err)
	}
	return pid
}

// TestDatabaseAway kills PostgreSQL under load: calls that need no database go on being
// answered, the rest get 503, and afterwards there is a row for every answer.
func TestDatabaseAway(t *testing.T) {
	p := serveEmbedded(t)
	p.app("shop")
	p.publish("shop", "cold", hello)
	n := p.neighbours(4, visit{patience: 20 * time.Second})
	n.await(10*time.Second, 300)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} { // a fast stop, a crash
		server := p.postmaster()
		if err := syscall.Kill(server, signal); err != nil {
			t.Fatalf("%v: %v", signal, err)
		}
		p.eventually(20*time.Second, "another PostgreSQL", func() bool {
			text, err := os.ReadFile(filepath.Join(p.dataDir, "postgres", "postmaster.pid"))
			if err != nil || strings.HasPrefix(string(text), strconv.Itoa(server)) {
				if status, _, err := p.tryAPI("GET", "/api/v1/apps", nil); err == nil && status != 200 && status != http.StatusServiceUnavailable {
					t.Errorf("the API answers %d while the database is away", status)
				}
				return false
			}
			return true
		})
		p.awaitReady()
		n.await(10*time.Second, 300)
	}
	n.check()
	if failed := n.failed(); failed > 0 {
		t.Errorf("%d calls that need no database failed", failed)
	}
	if got := p.get("/fn/shop/cold"); got.body != "hello" {
		t.Errorf("a first call afterwards: %d %s", got.status, got.body)
	}
}

// TestDatabaseStandsStill: for 15 s PostgreSQL does nothing, while an app logs as much as it
// can. No other app's call fails or loses its row.
func TestDatabaseStandsStill(t *testing.T) {
	p := serveEmbedded(t, "--ring-size", "16MiB")
	p.app("shop")
	p.app("evil")
	p.publish("evil", "chatter", chatter)
	n := p.neighbours(2, visit{pace: 10 * time.Millisecond, patience: 20 * time.Second})
	_, stop := p.attack([]*attackers{{count: 8, path: "/fn/evil/chatter", how: calls}})
	n.await(10*time.Second, 100)
	still := p.postgres()
	for _, pid := range still {
		_ = syscall.Kill(pid, syscall.SIGSTOP)
	}
	<-time.After(15 * time.Second)
	for _, pid := range still {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	n.await(20*time.Second, 100)
	stop()
	n.check()
	if failed := n.failed(); failed > 0 {
		t.Errorf("%d calls of neighbours failed", failed)
	}
	var without int
	if err := p.pool.QueryRow(t.Context(), `SELECT count(*) FROM log_lines WHERE message LIKE 'Log (250 lines) and messages not kept%'`).Scan(&without); err != nil || without == 0 {
		t.Errorf("%d runs say that their log was not kept, %v", without, err)
	}
}

// postgres are the processes of the private PostgreSQL.
func (p *product) postgres() []int {
	server := p.postmaster()
	all := []int{server}
	children, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(server), "task", strconv.Itoa(server), "children"))
	if err != nil {
		p.t.Fatal(err)
	}
	for field := range strings.FieldsSeq(string(children)) {
		if pid, err := strconv.Atoi(field); err == nil {
			all = append(all, pid)
		}
	}
	return all
}

// TestEverythingKilled kills manager, worker and PostgreSQL at once. The next start stops
// what is left over, recovers, and owes no row for an answer. It is ready within 2 s.
func TestEverythingKilled(t *testing.T) {
	p := serveEmbedded(t)
	p.app("shop")
	n := p.neighbours(4, visit{patience: 20 * time.Second})
	n.await(10*time.Second, 500)
	// PostgreSQL first: at its parent's death it would stop cleanly.
	for _, pid := range append([]int{p.postmaster(), p.cmd.Process.Pid}, p.workers()...) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Errorf("kill %d: %v", pid, err)
		}
	}
	_ = p.cmd.Wait()
	n.stop()
	p.pool.Close()
	began := time.Now()
	p.start()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("ready after %v", took)
	}
	p.reach()
	n.check()

	p.stop(p.cmd)
	began = time.Now()
	p.start()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("a second start took %v", took)
	}
}

// TestWorkersRole: what the worker's role may not read.
func TestWorkersRole(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	worker, err := pgxpool.New(t.Context(), p.variable("PICLOUD_WORKER_DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer worker.Close()
	for _, table := range []string{"users", "sessions", "api_keys", "setup_tokens", "settings", "audit", "drafts"} {
		if _, err := worker.Exec(t.Context(), "SELECT * FROM "+table); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("the worker's role reads %s: %v", table, err)
		}
	}
}

func (p *product) variable(name string) string {
	for _, entry := range p.env {
		if value, found := strings.CutPrefix(entry, name+"="); found {
			return value
		}
	}
	p.t.Fatalf("%s is not set", name)
	return ""
}

// TestCommands: config hides secrets, faults of settings are told all at once, and
// reset-password works beside a running server.
func TestCommands(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	run := func(arguments ...string) (string, error) {
		cmd := exec.Command(binary, arguments...)
		cmd.Env = p.env
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	text, err := run("config")
	if err != nil || strings.Contains(text, ownerPassword) || strings.Contains(text, "postgres://") || !strings.Contains(text, "***") {
		t.Errorf("config: %v\n%s", err, text)
	}
	text, err = run("serve", "--addr", "nowhere", "--cpu-limit", "soon", "--max-body", "1TiB")
	if err == nil || !strings.Contains(text, "--addr") || !strings.Contains(text, "--cpu-limit") || !strings.Contains(text, "--max-body") {
		t.Errorf("faults: %v\n%s", err, text)
	}
	for _, command := range []string{"serve", "migrate", "config"} {
		if text, err := run(command, "--log-level", "warn", "surplus"); err == nil || !strings.Contains(text, "surplus") {
			t.Errorf("%s with an argument too many: %v\n%s", command, err, text)
		}
	}
	missing := exec.Command(binary, "serve")
	missing.Env = append(p.env[:1:1], "PICLOUD_ADMIN_PASSWORD_FILE=/nowhere/password")
	if out, err := missing.CombinedOutput(); err == nil || !strings.Contains(string(out), "/nowhere/password") {
		t.Errorf("the file of a secret is missing: %v\n%s", err, out)
	}
	text, err = run("admin", "reset-password", ownerEmail, "--data-dir", p.dataDir)
	if err != nil || len(strings.TrimSpace(text)) < 12 {
		t.Fatalf("reset-password: %v %s", err, text)
	}
	answer := p.call("POST", "/login", strings.NewReader("email=anna%40example.com&password="+strings.TrimSpace(text)),
		"Content-Type", "application/x-www-form-urlencoded", "Origin", p.url(""))
	if answer.status != http.StatusSeeOther {
		t.Errorf("sign-in with the new password: %d", answer.status)
	}
	var audited int
	if err := p.pool.QueryRow(t.Context(), `SELECT count(*) FROM audit WHERE actor = 'cli'`).Scan(&audited); err != nil || audited < 2 {
		t.Errorf("%d audit rows of the command line, %v", audited, err)
	}
	if text, err := run("admin", "token", "nobody@example.com", "--data-dir", p.dataDir); err == nil {
		t.Errorf("a token for nobody: %s", text)
	}
}

// TestAdminMakesNoDatabase: a command of the wrong folder once made a PostgreSQL there, and
// told of a missing table.
func TestAdminMakesNoDatabase(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	run := func() string {
		cmd := exec.Command(binary, "admin", "token", ownerEmail, "--data-dir", p.dataDir)
		cmd.Env = p.env
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Errorf("no fault: %s", out)
		}
		return string(out)
	}
	if text := run(); !strings.Contains(text, "no PiCloud in "+p.dataDir) {
		t.Error(text)
	}
	if _, err := os.Stat(p.dataDir); !os.IsNotExist(err) {
		t.Errorf("the folder was made: %v", err)
	}
	unmade, err := pgxpool.New(t.Context(), dbtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer unmade.Close()
	if _, err := unmade.Exec(t.Context(), "DROP TABLE users CASCADE"); err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, "DATABASE_URL="+unmade.Config().ConnString())
	if text := run(); !strings.Contains(text, "picloud migrate first") {
		t.Error(text)
	}
	if _, err := os.Stat(p.dataDir); !os.IsNotExist(err) {
		t.Errorf("the folder was made: %v", err)
	}
}
