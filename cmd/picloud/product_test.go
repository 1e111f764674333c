package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/dbtest"
)

// binary is the real program, built once for all tests of this package.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "picloud-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(folder)
		_ = os.Chmod(folder, 0o755)
		binary = filepath.Join(folder, "picloud")
		build := exec.Command("go", "build", "-o", binary, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is released
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build: %s\n", out)
			return 1
		}
		return m.Run()
	}())
}

const (
	ownerEmail    = "anna@example.com"
	ownerPassword = "correct horse battery 42"
)

// product is the real binary, serving, with an owner and an API key.
type product struct {
	t       *testing.T
	address string
	dataDir string
	key     string
	pool    *pgxpool.Pool // the manager's database
	cmd     *exec.Cmd
	args    []string
	env     []string
	log     *logBuffer
}

type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// serveProduct starts the binary on a database of its own and waits until it is ready.
func serveProduct(t *testing.T, flags ...string) *product {
	t.Helper()
	address := dbtest.URL(t)
	pool, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	p := newProduct(t, flags...)
	p.pool = pool
	p.env = append(p.env, "DATABASE_URL="+address, "PICLOUD_WORKER_DATABASE_URL="+dbtest.WorkerURL(t, pool))
	p.start()
	p.key = p.token()
	return p
}

func newProduct(t *testing.T, flags ...string) *product {
	t.Helper()
	root, err := os.MkdirTemp("", "picloud-p-")
	if err != nil {
		t.Fatal(err)
	}
	_ = os.Chmod(root, 0o755)
	t.Cleanup(func() { os.RemoveAll(root) })
	p := &product{t: t, address: freeAddress(t), dataDir: filepath.Join(root, "data"), log: &logBuffer{}}
	p.args = append([]string{"serve", "--addr", p.address, "--data-dir", p.dataDir}, flags...)
	p.env = []string{"PATH=" + os.Getenv("PATH"), "PICLOUD_ADMIN_EMAIL=" + ownerEmail, "PICLOUD_ADMIN_PASSWORD=" + ownerPassword}
	return p
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// start runs the binary; it is stopped with the test.
func (p *product) start() {
	p.t.Helper()
	p.cmd = exec.Command(binary, p.args...)
	p.cmd.Env = p.env
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	cmd := p.cmd
	p.t.Cleanup(func() {
		p.stop(cmd)
		if p.t.Failed() {
			text := p.log.String()
			p.t.Logf("log of the product:\n%s", text[max(0, len(text)-60000):])
		}
	})
	p.awaitReady()
}

func (p *product) stop(cmd *exec.Cmd) {
	if cmd.ProcessState != nil {
		return
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	killer := time.AfterFunc(60*time.Second, func() {
		p.t.Errorf("the product did not stop within a minute; its workers:\n%s", p.goroutines())
		_ = cmd.Process.Signal(syscall.SIGQUIT)
		time.AfterFunc(2*time.Second, func() { _ = cmd.Process.Kill() })
	})
	_ = cmd.Wait()
	killer.Stop()
}

// goroutines asks the workers what they are at.
func (p *product) goroutines() string {
	var all strings.Builder
	sockets, _ := filepath.Glob(filepath.Join(p.dataDir, "run", "worker-*.sock"))
	for _, socket := range sockets {
		client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "unix", socket)
			},
		}}
		answer, err := client.Get("http://worker/debug/pprof/goroutine?debug=2")
		if err != nil {
			fmt.Fprintln(&all, socket, err)
			continue
		}
		_, _ = io.Copy(&all, answer.Body)
		answer.Body.Close()
	}
	return all.String()
}

func (p *product) awaitReady() {
	p.t.Helper()
	p.eventually(60*time.Second, "ready", func() bool {
		answer, err := http.Get(p.url("/readyz"))
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

func (p *product) url(path string) string { return "http://" + p.address + path }

// eventually waits for a condition; it looks every 20 ms.
func (p *product) eventually(limit time.Duration, what string, done func() bool) {
	p.t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	end := time.After(limit)
	for !done() {
		select {
		case <-look.C:
		case <-end:
			p.t.Fatalf("not %s within %v", what, limit)
		}
	}
}

func (p *product) token() string {
	p.t.Helper()
	cmd := exec.Command(binary, "admin", "token", "--data-dir", p.dataDir, ownerEmail)
	cmd.Env = p.env
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("admin token: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// api calls the JSON API and gives status and body.
func (p *product) api(method, path string, in any) (int, []byte) {
	p.t.Helper()
	status, body, err := p.tryAPI(method, path, in)
	if err != nil {
		p.t.Fatal(err)
	}
	return status, body
}

func (p *product) tryAPI(method, path string, in any) (int, []byte, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return 0, nil, err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, p.url(path), body)
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+p.key)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, text, err
}

// app makes an app.
func (p *product) app(slug string) {
	p.t.Helper()
	if status, body := p.api("POST", "/api/v1/apps", map[string]string{"name": slug, "slug": slug}); status != http.StatusCreated {
		p.t.Fatalf("make app %s: %d %s", slug, status, body)
	}
}

// publish puts a function live; it fails the test when that is refused.
func (p *product) publish(app, name, source string) {
	p.t.Helper()
	if status, body := p.put(app, name, source); status >= 300 {
		p.t.Fatalf("publish %s/%s: %d %s", app, name, status, body)
	}
}

func (p *product) put(app, name, source string) (int, []byte) {
	p.t.Helper()
	return p.api("PUT", "/api/v1/apps/"+app+"/scripts/"+name, map[string]any{"source": source, "note": "test"})
}

// reply is what a caller of a function got.
type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

var caller = &http.Client{
	Timeout:       90 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (p *product) call(method, path string, body io.Reader, header ...string) reply {
	request, err := http.NewRequest(method, p.url(path), body)
	if err != nil {
		return reply{err: err}
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			request.Host = header[i+1]
			continue
		}
		request.Header.Add(header[i], header[i+1])
	}
	answer, err := caller.Do(request)
	if err != nil {
		return reply{err: err}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return reply{status: answer.StatusCode, header: answer.Header, body: string(text), err: err}
}

func (p *product) get(path string, header ...string) reply {
	return p.call("GET", path, nil, header...)
}

// outcome waits for the row of a run and gives its outcome.
func (p *product) outcome(execution string) string {
	p.t.Helper()
	var outcome string
	p.eventually(15*time.Second, "recorded: "+execution, func() bool {
		return p.pool.QueryRow(p.t.Context(), `SELECT outcome FROM executions WHERE id = $1`, execution).Scan(&outcome) == nil
	})
	return outcome
}

// workers are the process ids of the workers that live.
func (p *product) workers() []int {
	var found []int
	list, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range list {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 2 || fields[1] != strconv.Itoa(p.cmd.Process.Pid) || fields[0] == "Z" {
			continue
		}
		command, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if strings.Contains(string(command), "\x00worker") {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			found = append(found, pid)
		}
	}
	return found
}

// resident is a process's resident memory in bytes.
func resident(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
