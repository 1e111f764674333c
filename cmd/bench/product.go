package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
)

// product is a PiCloud that runs for the bench, with an app to put functions into.
type product struct {
	address string
	dataDir string
	key     string
	browser *http.Client // signed in
	pool    *pgxpool.Pool
	cmd     *exec.Cmd
}

const (
	email    = "bench@example.com"
	password = "a long bench password 4711"
	appSlug  = "bench"
)

func start(binary string) (*product, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	root, err := os.MkdirTemp("", "picloud-bench-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(root, 0o755); err != nil {
		return nil, err
	}
	p := &product{address: address, dataDir: filepath.Join(root, "data")}
	p.cmd = exec.Command(binary, "serve", "--addr", address, "--data-dir", p.dataDir, "--log-level", "warn",
		"--retention-size", "64GiB") // no app comes near its share of the history
	p.cmd.Env = append(os.Environ(), "PICLOUD_ADMIN_EMAIL="+email, "PICLOUD_ADMIN_PASSWORD="+password)
	p.cmd.Stdout, p.cmd.Stderr = io.Discard, os.Stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if err := p.prepare(binary); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

func (p *product) stop() {
	if p.pool != nil {
		p.pool.Close()
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
	_ = os.RemoveAll(filepath.Dir(p.dataDir))
}

func (p *product) prepare(binary string) error {
	if err := until(60*time.Second, func() bool {
		answer, err := http.Get("http://" + p.address + "/readyz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}); err != nil {
		return fmt.Errorf("not ready: %w", err)
	}
	out, err := exec.Command(binary, "admin", "token", "--data-dir", p.dataDir, email).Output()
	if err != nil {
		return fmt.Errorf("admin token: %w", err)
	}
	p.key = strings.TrimSpace(string(out))
	address, running, err := db.Running(p.dataDir)
	if err != nil || !running {
		return errors.Join(err, errors.New("the private PostgreSQL does not run"))
	}
	if p.pool, err = db.Open(context.Background(), address, db.Options{Name: "bench"}); err != nil {
		return err
	}
	return p.api("POST", "/api/v1/apps", map[string]any{"name": "Bench", "slug": appSlug}, nil)
}

func (p *product) signIn() error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	p.browser = &http.Client{Jar: jar}
	answer, err := p.browser.PostForm("http://"+p.address+"/login", url.Values{"email": {email}, "password": {password}})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("sign-in: %s", answer.Status)
	}
	return nil
}

// api calls the JSON API.
func (p *product) api(method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, "http://"+p.address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+p.key)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

func (p *product) publish(name, source string) error {
	return p.api("PUT", "/api/v1/apps/"+appSlug+"/scripts/"+name, map[string]any{"source": source, "note": "bench"}, nil)
}

// multiply publishes n distinct copies of a script by rows alone, and waits until they
// are served.
func (p *product) multiply(script, stem string, n int) ([]string, error) {
	_, err := p.pool.Exec(context.Background(), `
		WITH model AS (
			SELECT v.*, p.program FROM scripts s JOIN script_versions v ON v.script_id = s.id AND v.number = s.live_version
			JOIN programs p ON p.app_id = v.app_id AND p.hash = v.hash WHERE s.name = $1 AND s.app_id = (SELECT id FROM apps WHERE slug = 'bench')
		), made AS (
			INSERT INTO scripts (id, app_id, name, language, live_version, capture)
			SELECT gen_random_uuid(), app_id, $2 || n, language, 1, 'heads' FROM model, generate_series(0, $3::int - 1) n
			RETURNING id, app_id, name
		), text AS (
			SELECT made.*, model.program || '// ' || made.name AS program, sha256(convert_to(model.program || '// ' || made.name, 'UTF8')) AS hash FROM made, model
		), programs AS (
			INSERT INTO programs (app_id, hash, program) SELECT app_id, hash, program FROM text
		), version AS (
			INSERT INTO script_versions (id, app_id, script_id, number, language, source_hash, source_map, hash, inputs, origin, author)
			SELECT gen_random_uuid(), text.app_id, text.id, 1, model.language, model.source_hash, model.source_map, text.hash, model.inputs, 1, 'bench' FROM text, model
		)
		INSERT INTO change_log (app_id) SELECT app_id FROM model`, script, stem, n)
	if err != nil {
		return nil, err
	}
	paths := make([]string, n)
	for i := range paths {
		paths[i] = "/fn/" + appSlug + "/" + stem + strconv.Itoa(i)
	}
	// The sight of one is the sight of all: routes are read together.
	if err := p.publish("bell", helloSource); err != nil {
		return nil, err
	}
	return paths, until(20*time.Second, func() bool {
		answer, err := http.Head("http://" + p.address + paths[n-1] + "?probe")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

// rows counts the runs of a script, once nothing is under way any more.
func (p *product) rows(script string, want int) (int, error) {
	count := -1
	err := until(60*time.Second, func() bool {
		if p.pool.QueryRow(context.Background(), `SELECT count(*) FROM executions WHERE script_name = $1`, script).Scan(&count) != nil {
			return false
		}
		return count >= want
	})
	if err != nil {
		return count, fmt.Errorf("%d rows for %d answers", count, want)
	}
	return count, nil
}

// processes are the manager and its workers.
func (p *product) processes() []int {
	found := []int{p.cmd.Process.Pid}
	list, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range list {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if len(fields) > 1 && fields[1] == strconv.Itoa(p.cmd.Process.Pid) {
			command, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
			if strings.Contains(string(command), "\x00worker") {
				found = append(found, pid)
			}
		}
	}
	return found
}

// rss is the resident memory of processes in MiB.
func rss(pids ...int) float64 {
	total := 0.0
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if err != nil {
			continue
		}
		pages, _ := strconv.Atoi(strings.Fields(string(text))[1])
		total += float64(pages*os.Getpagesize()) / (1 << 20)
	}
	return total
}

// cpu is the processor time that processes have used.
func cpu(pids ...int) time.Duration {
	total := time.Duration(0)
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		for _, field := range fields[11:13] {
			ticks, _ := strconv.Atoi(field)
			total += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	return total
}

func until(limit time.Duration, done func() bool) error {
	deadline := time.Now().Add(limit)
	for !done() {
		if time.Now().After(deadline) {
			return fmt.Errorf("not within %v", limit)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil
}
