package picloud_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGitIsAskedFor: without git the patch of goja was said not to fit.
func TestGitIsAskedFor(t *testing.T) {
	t.Parallel()
	script, err := filepath.Abs("tools/goja/apply.sh")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, name := range []string{"bash", "dirname", "basename", "rm", "mkdir", "cp", "chmod", "go"} {
		program, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(program, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	apply := exec.Command(filepath.Join(folder, "bash"), script, "go")
	apply.Dir = t.TempDir() // whatever it would make
	apply.Env = append(os.Environ(), "PATH="+folder)
	said, err := apply.CombinedOutput()
	if err == nil || !strings.Contains(string(said), "git is needed") || strings.Contains(string(said), "does not fit") {
		t.Errorf("%v: %s", err, said)
	}
}
