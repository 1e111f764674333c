package script_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/dbtest"
	"picloud/engine/script"
	"picloud/engine/seal"
)

// programs are the files of programs in the folder.
func programs(t *testing.T, start script.Start) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(string(start), "*.program"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// gone is a pool whose database is not there any more.
func gone(t *testing.T, w *world) *pgxpool.Pool {
	t.Helper()
	pool := dbtest.WorkerPool(t, w.pool)
	pool.Close()
	return pool
}

// A worker starts with what the manager has kept, without the database.
func TestStartKeepsWhatIsLive(t *testing.T) {
	t.Parallel()
	w := begin(t)
	start, err := script.StartIn(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := w.create(t, "before")
	w.publish(t, s, "export default () => 'one'")
	routes := table(t, w)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- start.Keep(ctx, routes, script.NewPrograms(dbtest.WorkerPool(t, w.pool), "")) }()
	await(t, "the first program", func() bool { return len(programs(t, start)) == 1 })
	first := programs(t, start)[0]
	if _, err := w.scripts.Rename(t.Context(), w.write, s.ID, "after"); err != nil {
		t.Fatal(err)
	}
	w.publish(t, s, "export default () => 'two'")
	refresh(t, routes)
	await(t, "the second alone", func() bool {
		found := programs(t, start)
		return len(found) == 1 && found[0] != first
	})
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}

	restored := script.NewTable(gone(t, w), &seal.Ring{}, nil)
	if err := restored.Restore(start); err != nil || !restored.Restored() {
		t.Fatal(err)
	}
	want, _ := routes.Lookup("shop", "after")
	live, found := restored.Lookup("shop", "after")
	if !found || live != want || live.Version != 2 {
		t.Errorf("%+v, want %+v", live, want)
	}
	if slug, name, found := restored.Moved("shop", "before"); !found || slug != "shop" || name != "after" {
		t.Errorf("moved to %s/%s, %t", slug, name, found)
	}
	text, err := script.NewPrograms(gone(t, w), start).Load(t.Context(), live.VersionID, live.Hash)
	if err != nil || !strings.Contains(text, "two") {
		t.Errorf("%.40s, %v", text, err)
	}
	if info, err := os.Stat(programs(t, start)[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a program may be read by others: %v %v", info.Mode(), err)
	}

	if err := os.WriteFile(programs(t, start)[0], []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := script.NewPrograms(dbtest.WorkerPool(t, w.pool), start).Load(t.Context(), live.VersionID, live.Hash); err != nil || !strings.Contains(text, "two") {
		t.Errorf("beside a damaged file: %.40s, %v", text, err)
	}
	refreshed := table(t, w)
	if err := refreshed.Restore(start); err != nil || refreshed.Restored() {
		t.Errorf("what is old goes over what is new: %v", err)
	}
}

// Routes that are damaged, cut or of another version are as good as none.
func TestStartIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	w := begin(t)
	start, err := script.StartIn(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	w.publish(t, w.create(t, "known"), "export default () => 1")
	routes := table(t, w)
	ended := make(chan error, 1)
	go func() { ended <- start.Keep(ctx, routes, script.NewPrograms(dbtest.WorkerPool(t, w.pool), "")) }()
	await(t, "kept", func() bool { return len(programs(t, start)) == 1 })
	stop()
	<-ended
	path := filepath.Join(string(start), "routes")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty": "", "cut": string(whole[:len(whole)-1]), "longer": string(whole) + "x", "no more than a head": string(whole[:16]),
		"another version": strings.Replace(string(whole), " 2\n", " 1\n", 1), "damaged": string(whole[:60]) + "?" + string(whole[61:]),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		restored := script.NewTable(gone(t, w), &seal.Ring{}, nil)
		if err := restored.Restore(start); err == nil || restored.Size() > 0 || restored.Restored() {
			t.Errorf("%s: %d routes are taken, %v", name, restored.Size(), err)
		}
	}
	if err := script.NewTable(gone(t, w), &seal.Ring{}, nil).Restore(""); err == nil {
		t.Error("there is no folder, and routes are in it")
	}
}
