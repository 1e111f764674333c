package db_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"picloud/db"
	"picloud/db/cluster"
)

func TestOrphanIsStopped(t *testing.T) {
	t.Parallel()
	dir, owner := dataDir(t)
	first := start(t, dir, owner)
	pool := open(t, first.ManagerURL())
	if err := db.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	pool.Close()
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	left, err := cluster.Open(t.Context(), dir, owner, nil)
	if err != nil {
		t.Fatal(err)
	}
	orphan := left.Command()
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the orphan serves", func() bool { return left.Ready(orphan.Process.Pid) })
	reaped := make(chan error, 1)
	go func() { reaped <- orphan.Wait() }()

	second := start(t, dir, owner)
	if err := <-reaped; err != nil {
		t.Errorf("the orphan was not ended cleanly: %v", err)
	}
	if got := read[int](t, open(t, second.ManagerURL()), "SELECT 1"); got != 1 {
		t.Error(got)
	}
}

// A process id in postmaster.pid that is another program's by now is left alone.
func TestForeignProcessIsNoOrphan(t *testing.T) {
	t.Parallel()
	dir, owner := dataDir(t)
	if err := start(t, dir, owner).Stop(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "postgres", "postmaster.pid")
	text := fmt.Sprintf("%d\n%s\n1\n5432\n%s\n\n0 0\nready\n", os.Getpid(), filepath.Join(dir, "postgres"), filepath.Join(dir, "socket"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := owner.Own(file); err != nil {
		t.Fatal(err)
	}
	if _, running, err := db.Running(dir); running || err != nil {
		t.Error(running, err)
	}
}

// The processes of a server that were stopped (SIGSTOP) keep the data directory when their
// parent is killed: the next start ends them, whether the server itself is there or not.
func TestStoppedServerIsEnded(t *testing.T) {
	t.Parallel()
	for name, killed := range map[string]bool{"all are there": false, "the server is gone": true} {
		t.Run(name, func(t *testing.T) {
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
			if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
				t.Fatal(line, err)
			}
			server := postmaster(t, dir)
			all := append(parts(t, server), server)
			if len(all) < 3 {
				t.Fatalf("processes %v", all)
			}
			for _, pid := range all {
				if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
					t.Fatal(err)
				}
			}
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := child.Wait(); err == nil {
				t.Error("the child ended by itself")
			}
			if killed {
				if err := syscall.Kill(server, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
			again := start(t, dir, owner)
			for _, pid := range all {
				if !ended(pid) {
					t.Errorf("process %d of %v runs on", pid, all)
				}
			}
			if got := read[int](t, open(t, again.ManagerURL()), "SELECT 1"); got != 1 {
				t.Error(got)
			}
		})
	}
}

// parts are the children of a server.
func parts(t *testing.T, server int) []int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", server, server))
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for field := range strings.FieldsSeq(string(text)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pid)
	}
	return all
}
