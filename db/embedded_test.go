package db_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"go.uber.org/goleak"

	"picloud/db"
	"picloud/engine/account"
)

// serveEnv makes this test program serve the data directory it names, until killed.
const serveEnv = "DB_TEST_SERVE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveEnv); dir != "" {
		serveForTest(dir)
	}
	goleak.VerifyTestMain(m)
}

// quick leaves out the waits for the disk where a test does not need them.
var quick = map[string]string{"fsync": "off"}

func serveForTest(dir string) {
	owner, err := account.Choose()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	_, err = db.Start(context.Background(), db.EmbeddedConfig{DataDir: dir, Account: owner, Log: slog.New(slog.DiscardHandler), Settings: quick})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready")
	select {}
}

// dataDir is a folder that the unprivileged account may enter, also when tests run as
// root, whose t.TempDir is closed to others.
func dataDir(t *testing.T) (string, account.Account) {
	t.Helper()
	owner, err := account.Choose()
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.MkdirTemp("/tmp", "picloud-db-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(root); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	dir, moved, err := owner.DataDir(filepath.Join(root, "data"))
	if err != nil || moved {
		t.Fatal(dir, moved, err)
	}
	return dir, owner
}

func start(t *testing.T, dir string, owner account.Account) *db.Embedded {
	t.Helper()
	return startWith(t, dir, owner, quick)
}

func startWith(t *testing.T, dir string, owner account.Account, settings map[string]string) *db.Embedded {
	t.Helper()
	server, err := db.Start(t.Context(), db.EmbeddedConfig{DataDir: dir, Account: owner, Log: slog.New(slog.DiscardHandler), Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

func open(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := db.Open(t.Context(), url, db.Options{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func read[T any](t *testing.T, pool *pgxpool.Pool, sql string, args ...any) T {
	t.Helper()
	rows, err := pool.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	value, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func write(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// eventually asks again until the answer is true, for ten seconds.
func eventually(t *testing.T, what string, ask func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ask() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func postmaster(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "postgres", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func ended(pid int) bool {
	state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(state), ") Z ")
}

func TestEmbeddedStartsStopsAndKeepsItsData(t *testing.T) {
	t.Parallel()
	dir, owner := dataDir(t)
	server := startWith(t, dir, owner, nil)
	manager := open(t, server.ManagerURL())
	if err := db.Migrate(t.Context(), manager); err != nil {
		t.Fatal(err)
	}
	write(t, manager, "INSERT INTO settings (name, value) VALUES ('kept', 'yes')")
	for name, want := range map[string]string{
		"listen_addresses": "", "unix_socket_permissions": "0700", "fsync": "on", "synchronous_commit": "on",
		"data_checksums": "on", "server_encoding": "UTF8", "is_superuser": "off", "statement_timeout": "30s",
		"lock_timeout": "10s", "idle_in_transaction_session_timeout": "30s", "application_name": "test",
	} {
		if got := read[string](t, manager, "SELECT current_setting($1)", name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "socket")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder of the socket: %v %v", info.Mode(), err)
	}
	for _, role := range []string{"super", "manager", "worker"} {
		info, err := os.Stat(filepath.Join(dir, "postgres-password-"+role))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("password of %s: %v %v", role, info.Mode(), err)
		}
	}
	if url, running, err := db.Running(dir); !running || url != server.ManagerURL() || err != nil {
		t.Error(url, running, err)
	}
	pid := postmaster(t, dir)
	manager.Close()
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if !ended(pid) {
		t.Error("the server runs after Stop")
	}
	if _, running, err := db.Running(dir); running || err != nil {
		t.Error(running, err)
	}
	begun := time.Now()
	again := startWith(t, dir, owner, nil)
	t.Logf("second start took %v", time.Since(begun))
	if got := read[string](t, open(t, again.ManagerURL()), "SELECT value FROM settings WHERE name = 'kept'"); got != "yes" {
		t.Error(got)
	}
	open(t, again.WorkerURL())
}

func TestOneDataDirectoryOneService(t *testing.T) {
	t.Parallel()
	dir, owner := dataDir(t)
	start(t, dir, owner)
	_, err := db.Start(t.Context(), db.EmbeddedConfig{DataDir: dir, Account: owner, Log: slog.New(slog.DiscardHandler)})
	want := fmt.Sprintf("in use by another picloud (process %d)", os.Getpid())
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("%v, want %q", err, want)
	}
}

func TestOtherMajorVersionIsRefused(t *testing.T) {
	t.Parallel()
	dir, owner := dataDir(t)
	if err := os.Mkdir(filepath.Join(dir, "postgres"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "postgres", "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := db.Start(t.Context(), db.EmbeddedConfig{DataDir: dir, Account: owner, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "was made by PostgreSQL 9, but the server programs found in ") {
		t.Fatal(err)
	}
	lock, err := db.LockDir(dir, owner)
	if err != nil {
		t.Fatal("a refused start keeps the lock:", err)
	}
	if err := lock.Unlock(); err != nil {
		t.Error(err)
	}
}

func TestKilledWithEverythingItRecovers(t *testing.T) {
	t.Parallel()
	dir, owner := dataDir(t)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), serveEnv+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready\n" {
		t.Fatal(line, err)
	}
	url, running, err := db.Running(dir)
	if !running || err != nil {
		t.Fatal(running, err)
	}
	pool := open(t, url)
	if err := db.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	write(t, pool, "INSERT INTO settings (name, value) VALUES ('kept', 'yes')")
	for _, pid := range []int{postmaster(t, dir), child.Process.Pid} {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	if err := child.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
	again := start(t, dir, owner)
	if got := read[string](t, open(t, again.ManagerURL()), "SELECT value FROM settings WHERE name = 'kept'"); got != "yes" {
		t.Error(got)
	}
}

// When only we are killed, the server ends by itself and cleanly.
func TestServerEndsWithItsParent(t *testing.T) {
	t.Parallel()
	dir, _ := dataDir(t)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), serveEnv+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatal(line, err)
	}
	pid := postmaster(t, dir)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
	eventually(t, "the server ends", func() bool { return ended(pid) })
	if _, err := os.Stat(filepath.Join(dir, "postgres", "postmaster.pid")); err == nil {
		t.Error("the server did not end cleanly")
	}
}

func TestPoolComesBackAfterTheServerDied(t *testing.T) {
	t.Parallel()
	dir, owner := dataDir(t)
	server := start(t, dir, owner)
	pool := open(t, server.ManagerURL())
	if got := read[int](t, pool, "SELECT 1"); got != 1 {
		t.Fatal(got)
	}
	pid := postmaster(t, dir)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	failures := 0
	eventually(t, "the pool works again", func() bool {
		var now int
		err := pool.QueryRow(t.Context(), "SELECT 1").Scan(&now)
		if err != nil {
			failures++
			if !db.IsAway(err) {
				t.Errorf("not known as away: %T %v", err, err)
			}
			return false
		}
		_, statErr := os.Stat(filepath.Join(dir, "postgres", "postmaster.pid"))
		return statErr == nil && postmaster(t, dir) != pid
	})
	t.Logf("%d refused in between", failures)
}

func TestOpenWaitsForAServerThatStarts(t *testing.T) {
	t.Parallel()
	dir, owner := dataDir(t)
	first := start(t, dir, owner)
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		pool, err := db.Open(t.Context(), first.ManagerURL(), db.Options{Wait: 20 * time.Second})
		if err == nil {
			pool.Close()
		}
		opened <- err
	}()
	start(t, dir, owner)
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

func TestLongPathGetsAShortSocket(t *testing.T) {
	t.Parallel()
	short, owner := dataDir(t)
	dir, _, err := owner.DataDir(filepath.Join(short, strings.Repeat("long", 30)))
	if err != nil {
		t.Fatal(err)
	}
	server := start(t, dir, owner)
	pool := open(t, server.ManagerURL())
	folder := pool.Config().ConnConfig.Host
	if filepath.Dir(folder) != "/tmp" {
		t.Error(folder)
	}
	pool.Close()
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Error("the folder of the socket stays:", err)
	}
}

func TestAnyPathMayHoldTheData(t *testing.T) {
	t.Parallel()
	root, owner := dataDir(t)
	dir, _, err := owner.DataDir(filepath.Join(root, "é $x+y da'ta"))
	if err != nil {
		t.Fatal(err)
	}
	server := start(t, dir, owner)
	if folder := open(t, server.ManagerURL()).Config().ConnConfig.Host; folder != filepath.Join(dir, "socket") {
		t.Error(folder)
	}
}

// TestDamagedDataIsRefused: without its PG_VERSION a whole database was made beside it and
// left there.
func TestDamagedDataIsRefused(t *testing.T) {
	t.Parallel()
	dir, owner := dataDir(t)
	data := filepath.Join(dir, "postgres")
	if err := os.MkdirAll(filepath.Join(data, "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	refused := func(part string) {
		t.Helper()
		server, err := db.Start(t.Context(), db.EmbeddedConfig{DataDir: dir, Account: owner, Log: slog.New(slog.DiscardHandler), Settings: quick})
		if err == nil {
			t.Error("it is served", server.Stop())
		} else if !strings.Contains(err.Error(), "the database in "+data+" cannot be used") || !strings.Contains(err.Error(), part) {
			t.Error(err)
		}
		if _, err := os.Stat(data + ".new"); !os.IsNotExist(err) {
			t.Error("another was made:", err)
		}
	}
	refused("PG_VERSION is missing")
	for _, version := range []string{"abc", ""} {
		if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(version), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(strconv.Quote(version))
	}
}

func TestEmptyFolderForTheDatabase(t *testing.T) {
	t.Parallel()
	dir, owner := dataDir(t)
	data := filepath.Join(dir, "postgres")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := owner.Own(data); err != nil {
		t.Fatal(err)
	}
	start(t, dir, owner)
}
