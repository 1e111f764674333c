package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRunDirOfSomebodyElse: the name of the temporary folder can be foreseen, and once its
// mode alone was looked at.
func TestRunDirOfSomebodyElse(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := private(dir, os.Geteuid()); err != nil {
		t.Error(err)
	}
	if private(dir, os.Geteuid()+1) == nil {
		t.Error("a folder of another user is taken")
	}
	link := dir + ".link"
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if private(link, os.Geteuid()) == nil {
		t.Error("a link is taken")
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if private(dir, os.Geteuid()) == nil {
		t.Error("a folder that is open to others is taken")
	}
}

// TestTemporaryRunDirGoes: it once stayed after a clean stop.
func TestTemporaryRunDirGoes(t *testing.T) {
	t.Parallel()
	for _, owing := range []bool{false, true} {
		m := &Manager{}
		if err := m.openRunDir(filepath.Join(t.TempDir(), strings.Repeat("long", 30))); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(m.RunDir) })
		if owing {
			if err := os.WriteFile(filepath.Join(m.RunDir, "worker-1-1.journal"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(m.RunDir); os.IsNotExist(err) == owing {
			t.Errorf("%s, with a journal %v: %v", m.RunDir, owing, err)
		}
	}
}
