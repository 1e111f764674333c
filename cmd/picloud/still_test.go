package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	v1 "picloud/handlers/api/v1"
)

// TestWorkerStartsWithoutDatabase: the worker dies while PostgreSQL stands still and, for all one
// knows, the disk is full. The next one starts with what was kept for it, in a journal that was
// made ahead, and serves what needs no database, also what was never called before.
func TestWorkerStartsWithoutDatabase(t *testing.T) {
	p := serveEmbedded(t)
	p.app("shop")
	p.publish("shop", "warm", hello)
	p.publish("shop", "cold", `export default () => "cold";`)
	right := int64(0)
	answers := func(path, want string) {
		t.Helper()
		p.eventually(30*time.Second, "answered: "+path, func() bool {
			got := p.get(path)
			if got.err == nil && got.status == 200 && got.body != want {
				t.Fatalf("%s: %q", path, got.body)
			}
			return got.err == nil && got.status == 200
		})
	}
	answers("/fn/shop/warm", "hello")
	right++
	spare := filepath.Join(p.dataDir, "run", "spare.journal")
	p.eventually(10*time.Second, "kept for the next worker", func() bool {
		programs, _ := filepath.Glob(filepath.Join(p.dataDir, "start", "*.program"))
		_, err := os.Stat(spare)
		return len(programs) == 3 && err == nil
	})
	ahead, err := os.Stat(spare)
	if err != nil {
		t.Fatal(err)
	}

	still := p.postgres()
	for _, pid := range still {
		_ = syscall.Kill(pid, syscall.SIGSTOP)
	}
	signalWorkers(p, syscall.SIGKILL)
	answers("/fn/shop/cold", "cold")
	answers("/fn/shop/warm", "hello")
	right++
	used := false
	journals, _ := filepath.Glob(filepath.Join(p.dataDir, "run", "worker-*.journal"))
	for _, path := range journals {
		if made, err := os.Stat(path); err == nil {
			used = used || os.SameFile(ahead, made)
		}
	}
	if !used {
		t.Error("the journal that was made ahead is not used")
	}
	p.eventually(30*time.Second, "told of", func() bool { return p.warning("routes") != "" })

	for _, pid := range still {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	p.awaitReady()
	p.eventually(30*time.Second, "refreshed", func() bool { return p.warning("routes") == "" })
	p.publish("shop", "cold", `export default () => "new";`)
	if got := p.get("/fn/shop/cold"); got.body != "new" {
		t.Errorf("published afterwards: %d %q", got.status, got.body)
	}
	p.rows("warm", right)
	p.rows("cold", 2)
}

// warning is what /readyz says of something, beside whether all works.
func (p *product) warning(name string) string {
	p.t.Helper()
	var health v1.Health
	if got := p.get("/readyz"); got.err != nil || json.Unmarshal([]byte(got.body), &health) != nil {
		return ""
	}
	return health.Warnings[name]
}
