package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"picloud/engine"
	"picloud/engine/execution/journal"
	"picloud/engine/seal"
)

func noEnv(string) string { return "" }

// TestSettingsThatDoNotFit: faults that no setting shows alone are told with the others.
func TestSettingsThatDoNotFit(t *testing.T) {
	t.Parallel()
	_, _, err := readConfig([]string{"--max-body", "2MiB", "--bodies-in-flight", "1MiB", "--max-running", "0"}, noEnv)
	if err == nil || !strings.Contains(err.Error(), "--bodies-in-flight") || !strings.Contains(err.Error(), "--max-running") {
		t.Errorf("got %v", err)
	}
}

// TestAllFaultsAtOnce: picloud config once saw no fault between settings, the first owner's
// came after the database was made, and nothing was read behind an unknown flag.
func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	arguments := []string{
		"--nope", "--max-body", "2MiB", "---odd", "--bodies-in-flight", "1MiB", "--neither=1", "--max-running", "0",
		"--data-dir", filepath.Join(t.TempDir(), "data"),
	}
	getenv := func(name string) string {
		return map[string]string{"PICLOUD_ADMIN_EMAIL": "bad", "PICLOUD_ADMIN_PASSWORD": "short"}[name]
	}
	_, _, err := readConfig(arguments, getenv)
	printed := printConfig(getenv, arguments)
	if err == nil || printed == nil || err.Error() != printed.Error() {
		t.Fatalf("serve says %v, config %v", err, printed)
	}
	for _, part := range []string{"-nope", "---odd", "-neither", "--bodies-in-flight", "--max-running", "PICLOUD_ADMIN_EMAIL: ", "PICLOUD_ADMIN_PASSWORD: "} {
		if strings.Count(err.Error(), part) != 1 {
			t.Errorf("%s is missing or told twice in:\n%v", part, err)
		}
	}
}

// TestFirstOwnerIsInertLater: with a database there may be a user, and then nothing is
// wrong with an e-mail address that no one uses.
func TestFirstOwnerIsInertLater(t *testing.T) {
	t.Parallel()
	bad := map[string]string{"PICLOUD_ADMIN_EMAIL": "bad", "PICLOUD_DATA_DIR": filepath.Join(t.TempDir(), "data")}
	if _, _, err := readConfig(nil, func(name string) string { return bad[name] }); err == nil {
		t.Error("no fault before the first start")
	}
	dir, err := os.MkdirTemp("/tmp", "picloud-config-") // where any account may go
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := errors.Join(os.Chmod(dir, 0o755), os.MkdirAll(dir+"/data/postgres", 0o755), os.WriteFile(dir+"/data/postgres/PG_VERSION", nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	bad["PICLOUD_DATA_DIR"] = dir + "/data"
	if _, _, err := readConfig(nil, func(name string) string { return bad[name] }); err != nil {
		t.Error(err)
	}
	bad["PICLOUD_DATA_DIR"] = dir + "/none"
	bad["DATABASE_URL"] = "postgres://localhost/picloud"
	if _, _, err := readConfig(nil, func(name string) string { return bad[name] }); err != nil {
		t.Error(err)
	}
}

// TestAddressInEffect: what is printed is where a browser finds it.
func TestAddressInEffect(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"10.0.0.0:80": "http://10.0.0.0:80", "0.0.0.0:80": "http://127.0.0.1:80", ":8080": "http://127.0.0.1:8080",
		"[::]:81": "http://127.0.0.1:81", "[::1]:82": "http://[::1]:82", "localhost:http": "http://localhost:80",
	} {
		if c, _, err := readConfig([]string{"--addr", addr}, noEnv); err != nil || c.baseURL != want {
			t.Errorf("%s: %v, %v", addr, c, err)
		}
	}
	if _, _, err := readConfig([]string{"--addr", "127.0.0.1:0"}, noEnv); err == nil {
		t.Error("port 0 is taken")
	}
}

// TestEmptyDataDir: an empty value once meant the current folder.
func TestEmptyDataDir(t *testing.T) {
	t.Parallel()
	if _, _, err := readConfig([]string{"--data-dir", ""}, noEnv); err == nil || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("got %v", err)
	}
}

// TestAnyRingSize: a ring has whole pages, whatever was asked for.
func TestAnyRingSize(t *testing.T) {
	t.Parallel()
	c, _, err := readConfig([]string{"--ring-size", "1048577"}, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	settings := c.worker(&engine.Manager{Keys: &seal.Ring{}}, "")
	journal, err := journal.Create(t.TempDir()+"/journal", settings.JournalSlots, settings.RingSize)
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.Close(); err != nil {
		t.Error(err)
	}
}

// TestLocalhostIsAlsoItsAddress: started at localhost, 127.0.0.1 was once an unknown host.
func TestLocalhostIsAlsoItsAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"localhost:8080", "127.0.0.1:8080"} {
		c, _, err := readConfig([]string{"--addr", address}, noEnv)
		if err != nil {
			t.Fatal(err)
		}
		if !c.hosts().AnyIP {
			t.Errorf("%s: an IP address is no host", address)
		}
	}
	c, _, err := readConfig([]string{"--base-url", "https://pi.example"}, noEnv)
	if err != nil || c.hosts().AnyIP {
		t.Errorf("a name of one's own: %v, %v", c.hosts().AnyIP, err)
	}
}

// TestOtherMachines: what is for this machine alone says so, and leads nobody else here.
func TestOtherMachines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		arguments                []string
		elsewhere, functionsHost string
	}{
		{nil, "set --addr :8080 --base-url http://NAME:8080 (", "localhost"},
		{[]string{"--addr", "localhost:9000"}, "set --addr :9000 --base-url http://NAME:9000 (", "localhost"},
		{[]string{"--addr", ":9000"}, "set --base-url http://NAME:9000 (", "localhost"},
		{[]string{"--addr", "192.168.1.7:80"}, "", ""},
		{[]string{"--base-url", "http://pi.lan:8080"}, "", ""},
		{[]string{"--base-url", "https://pi.example", "--functions-host", "fn.pi.example"}, "", "fn.pi.example"},
		{[]string{"--functions-host", "none"}, "set --addr", ""},
	} {
		got, _, err := readConfig(c.arguments, noEnv)
		if err != nil {
			t.Fatal(err)
		}
		said := got.elsewhere()
		if !strings.Contains(said, c.elsewhere) || c.elsewhere == "" && said != "" || got.functionsHost != c.functionsHost {
			t.Errorf("%v: %q, functions at %q", c.arguments, said, got.functionsHost)
		}
	}
}

// TestNamesOfTheDashboardAlone: on its own listener the dashboard answers at the base URL's
// host, the machine's names and addresses, and at no name that somebody has point here.
func TestNamesOfTheDashboardAlone(t *testing.T) {
	t.Parallel()
	c, _, err := readConfig([]string{"--base-url", "https://pi.example", "--dashboard-addr", "127.0.0.1:8081"}, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	server, _ := c.aloneServer(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	for host, want := range map[string]int{
		"pi.example": 418, "localhost:8081": 418, "127.0.0.1:8081": 418, "10.0.0.7": 418, "[::1]:8081": 418,
		name + ":8081": 418, name + ".local": 418,
		"evil.example": 421, "evil.example:8081": 421, "127.0.0.1.evil.example": 421, "pi.example.evil": 421, "": 421,
	} {
		r := httptest.NewRequest("GET", "/login", nil)
		r.Host = host
		w := httptest.NewRecorder()
		server.Handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: %d, want %d", host, w.Code, want)
		}
	}
}

// TestHelp: --help of a command was once an error and listed nothing.
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"serve", "migrate", "admin", "config"} {
		out, err := exec.Command(binary, command, "--nope", "--help").Output()
		if err != nil {
			t.Errorf("%s: %v", command, err)
		}
		for _, o := range (&config{}).options() {
			if !strings.Contains(string(out), o.flagName()) || !strings.Contains(string(out), o.env) || !strings.Contains(string(out), o.usage) {
				t.Errorf("%s: %s is missing in:\n%s", command, o.env, out)
			}
		}
	}
}

// TestEmptySecretFile: it once counted as no setting, and the private PostgreSQL was taken.
func TestEmptySecretFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, variable := range []string{"DATABASE_URL_FILE", "PICLOUD_ADMIN_PASSWORD_FILE"} {
		_, _, err := readConfig(nil, func(name string) string { return map[string]string{variable: path}[name] })
		if err == nil || !strings.Contains(err.Error(), variable+" "+strconv.Quote(path)+": the file is empty") {
			t.Errorf("%s: %v", variable, err)
		}
	}
}

// Where functions may send requests is checked at the start, and a proxy's password is not shown.
func TestSettingsOfOutgoingRequests(t *testing.T) {
	t.Parallel()
	getenv := func(name string) string {
		return map[string]string{"PICLOUD_FETCH_PROXY": "http://me:hush@proxy.lan:3128", "PICLOUD_FETCH_NAT64": "true"}[name]
	}
	c, _, err := readConfig([]string{"--fetch-allow", "192.168.1.20:8123, nas.local\n10.0.0.0/8"}, getenv)
	if err != nil || c.fetchAllow != "192.168.1.20:8123 nas.local 10.0.0.0/8" || c.fetchProxy != "http://me:hush@proxy.lan:3128" || !c.fetchNAT64 {
		t.Errorf("%+v, %v", c, err)
	}
	bad := func(name string) string {
		return map[string]string{"PICLOUD_FETCH_PROXY": "socks5://me:hush@proxy.lan", "PICLOUD_FETCH_NAT64": "64"}[name]
	}
	_, _, err = readConfig([]string{"--fetch-allow", "10.0.0.1/8 nas.local http://x/"}, bad)
	for _, part := range []string{"--fetch-allow", "write 10.0.0.0/8", `"http://x/"`, "PICLOUD_FETCH_PROXY \"***\": want http://host:port", "PICLOUD_FETCH_NAT64"} {
		if err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q is missing in: %v", part, err)
		}
	}
}

// TestReadmeListsTheSettings: each row of its table is as the program says.
func TestReadmeListsTheSettings(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := func(text string) string {
		if text == "" {
			return ""
		}
		return "`" + text + "`"
	}
	for _, o := range (&config{}).options() {
		row := fmt.Sprintf("| %s | `%s` | %s | %s |", quoted(o.flagName()), o.env, quoted(o.fallback), o.usage)
		if !strings.Contains(string(text), row) {
			t.Errorf("README.md has no row %s", row)
		}
	}
}
