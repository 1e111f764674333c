package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// set gives a name of an app, or of "main/scripts/hello", its value.
func (p *product) set(of, kind, name, value string) {
	p.t.Helper()
	if status, body := p.api("PUT", "/api/v1/apps/"+of+"/"+kind+"/"+name, map[string]string{"value": value}); status >= 300 {
		p.t.Fatalf("set %s: %d %s", name, status, body)
	}
}

func (p *product) answers(path, want string) {
	p.t.Helper()
	if got := p.get(path); got.status != http.StatusOK || got.body != want {
		p.t.Errorf("%s answers %d %s, want %s", path, got.status, got.body, want)
	}
}

// What is set is there at the next call, without publishing.
func TestFunctionsReadTheirVariables(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "read", `import { env, secrets } from "picloud";
export default async (r, given) => [given.COLOUR, env.TOKEN, process.env.COLOUR, await secrets.get("TOKEN"), Object.keys(env).length]`)
	p.publish("main", "read", `export default (r, env) => Object.keys(env)`)
	p.answers("/fn/shop/read", "[null,null,null,null,0]")
	p.set("shop", "variables", "COLOUR", "blue")
	p.set("shop", "secrets", "TOKEN", "hush-hush")
	p.answers("/fn/shop/read", `["blue","hush-hush","blue","hush-hush",2]`)
	p.set("shop/scripts/read", "secrets", "TOKEN", "its own")
	p.set("shop", "variables", "COLOUR", "red")
	p.answers("/fn/shop/read", `["red","its own","red","its own",2]`)
	p.answers("/fn/main/read", `[]`)
	if status, body := p.api("DELETE", "/api/v1/apps/shop/scripts/read/secrets/TOKEN", nil); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, body)
	}
	p.answers("/fn/shop/read", `["red","hush-hush","red","hush-hush",2]`)
	if status, body := p.put("shop", "typo", "export default (r, env) =>\n  env.TOKEM"); status >= 300 ||
		!strings.Contains(string(body), "TOKEM") || !strings.Contains(string(body), `"line":2`) {
		t.Errorf("a name that is not there: %d %s", status, body)
	}
}

// A secret is in no row and no file in any form that a function gives it by the usual means.
func TestNoSecretIsKept(t *testing.T) {
	t.Parallel()
	const secret, private = `s3cr3t/+ "quoted"`, "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSj\n-----END KEY-----"
	p := serveProduct(t)
	p.set("main", "secrets", "PASSWORD", secret)
	p.set("main", "secrets", "KEY", private)
	p.publish("main", "leak", `export default async (request, env) => {
	const { PASSWORD, KEY } = env;
	console.log("plain " + PASSWORD, { nested: [PASSWORD], KEY });
	console.log("%s", encodeURIComponent(PASSWORD), JSON.stringify({ PASSWORD, KEY }), new URLSearchParams({ PASSWORD }).toString());
	for (const user of ["", "u", "us", "use"]) console.log("Basic " + btoa(user + ":" + PASSWORD));
	for (const line of KEY.split("\n")) console.log(line);
	console.log("x".repeat(16 * 1024 - 60) + PASSWORD + "y".repeat(1000));
	if (request.url.includes("throw")) throw new Error("cannot sign in with " + PASSWORD);
	return new Response(JSON.stringify({ mine: PASSWORD, KEY }), { headers: { "x-own": encodeURIComponent(PASSWORD), "location": "https://h/?q=" + encodeURIComponent(PASSWORD) } });
}`)
	if status, body := p.api("PATCH", "/api/v1/apps/main/scripts/leak", map[string]string{"capture": "all"}); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	escaped := url.PathEscape(secret)
	for _, path := range []string{"", "/throw", "/" + escaped + "?q=" + url.QueryEscape(secret)} {
		got := p.call("POST", "/fn/main/leak"+path, strings.NewReader(`{"note":"`+secret+`"}`), "X-Note", secret)
		if got.err != nil {
			t.Fatal(got.err)
		}
	}
	p.eventually(30e9, "recorded", func() bool {
		var rows int
		return p.pool.QueryRow(t.Context(), "SELECT count(*) FROM executions").Scan(&rows) == nil && rows == 3
	})
	found := func(where, text string) {
		for _, form := range []string{"s3cr3t", "czNjcjN0", "MIIEvQIBADANBgkq", "AQEFAASCBKcw"} {
			if at := strings.Index(text, form); at >= 0 {
				t.Errorf("%s has %q: …%s…", where, form, text[max(0, at-60):min(len(text), at+60)])
			}
		}
	}
	for _, table := range []string{"executions", "log_lines", "audit", "variables"} {
		rows, err := p.pool.Query(t.Context(), "SELECT to_jsonb(t)::text FROM "+table+" t")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				t.Fatal(err)
			}
			found(table, text)
		}
	}
	var kept int
	rows, err := p.pool.Query(t.Context(), "SELECT data FROM captures")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var data []byte
		if err := rows.Scan(&data); err != nil {
			t.Fatal(err)
		}
		kept += bytes.Count(data, []byte("[redacted]"))
		found("captures", string(data))
	}
	if kept < 15 {
		t.Errorf("%d marks in the captures", kept)
	}
	p.stop(p.cmd)
	err = filepath.WalkDir(p.dataDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		found(filepath.Base(path), string(data))
		return err
	})
	if err != nil {
		t.Error(err)
	}
	found("the server's log", p.log.String())
}

// The key is rotated while functions read what it has sealed; without any key that is told.
func TestKeyIsRotatedWhileFunctionsRun(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.set("main", "secrets", "TOKEN", "hush-hush")
	p.publish("main", "read", `export default (r, env) => env.TOKEN`)
	key := func() (id string) {
		if err := p.pool.QueryRow(t.Context(), "SELECT key_id FROM variables").Scan(&id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	old := key()
	var wrong, calls atomic.Int32
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			default:
			}
			calls.Add(1)
			if p.get("/fn/main/read").body != "hush-hush" {
				wrong.Add(1)
			}
		}
	}()
	for range 3 {
		out, err := p.admin("rotate-key")
		if err != nil || !strings.Contains(out, "1 were sealed anew") {
			t.Fatalf("%s, %v", out, err)
		}
	}
	p.set("main", "secrets", "OTHER", "sealed with the new one")
	before := calls.Load()
	p.eventually(30e9, "called after it", func() bool { return calls.Load() > before+20 })
	close(done)
	<-ended
	if wrong.Load() > 0 || key() == old {
		t.Errorf("%d of %d calls went wrong; the key was %s and is %s", wrong.Load(), calls.Load(), old, key())
	}

	p.stop(p.cmd)
	var used bool
	if err := p.pool.QueryRow(t.Context(), "SELECT used_at IS NOT NULL FROM variables WHERE name = 'TOKEN'").Scan(&used); err != nil || !used {
		t.Errorf("it is not known when the secret was read: %v", err)
	}
	current := filepath.Join(p.dataDir, "keys", "current.key")
	if err := os.Rename(current, current+".away"); err != nil {
		t.Fatal(err)
	}
	p.start()
	if ready := p.get("/readyz"); !strings.Contains(ready.body, key()) {
		t.Errorf("nobody is told which key is missing: %s", ready.body)
	}
	if got := p.get("/fn/main/read"); got.status != http.StatusInternalServerError {
		t.Errorf("without the key: %d %s", got.status, got.body)
	}
	if status, body := p.api("PUT", "/api/v1/apps/main/secrets/NEW", map[string]string{"value": "x"}); status != http.StatusServiceUnavailable || !strings.Contains(string(body), key()) {
		t.Errorf("set without the key: %d %s", status, body)
	}
	if err := os.Rename(current+".away", current); err != nil {
		t.Fatal(err)
	}
	p.eventually(30e9, "read again", func() bool { return p.get("/fn/main/read").body == "hush-hush" })
	p.set("main", "secrets", "NEW", "x")
}

// admin runs a command of picloud admin.
func (p *product) admin(arguments ...string) (string, error) {
	cmd := exec.Command(binary, append([]string{"admin", "--data-dir", p.dataDir}, arguments...)...)
	cmd.Env = p.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return string(out), err
}
