package account_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"picloud/engine/account"
)

// dropEnv makes this test program drop to the account and say who it is then.
const dropEnv = "ACCOUNT_TEST_DROP"

// confineEnv makes this test program confine itself to the folder that it holds.
const confineEnv = "ACCOUNT_TEST_CONFINE"

func TestMain(m *testing.M) {
	if os.Getenv(dropEnv) != "" {
		if err := dropForTest(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	if folder := os.Getenv(confineEnv); folder != "" {
		if err := confineForTest(folder); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func dropForTest() error {
	chosen, err := account.Choose()
	if err != nil {
		return err
	}
	if err := chosen.Drop(); err != nil {
		return err
	}
	groups, err := os.Getgroups()
	if err != nil {
		return err
	}
	fmt.Println(os.Getuid(), os.Geteuid(), os.Getgid(), len(groups))
	// A child is started from the binary itself, wherever that lies.
	again := exec.Command("/proc/self/exe", "-test.run=^$")
	again.Env, again.Dir = []string{"GOCOVERDIR=/tmp"}, "/"
	out, err := again.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	if err := syscall.Setuid(0); err == nil && chosen.UID != 0 {
		return errors.New("root can be had back")
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	if !strings.Contains(string(status), "NoNewPrivs:\t1") {
		return errors.New("new privileges are not forbidden")
	}
	return nil
}

func choose(t *testing.T) account.Account {
	t.Helper()
	chosen, err := account.Choose()
	if err != nil {
		t.Fatal(err)
	}
	return chosen
}

func TestChoosesNeverRootWhenAnotherIsThere(t *testing.T) {
	t.Parallel()
	chosen := choose(t)
	if chosen.UID == 0 || chosen.Name == "" {
		t.Errorf("%+v", chosen)
	}
	if os.Geteuid() != 0 && chosen.UID != os.Geteuid() {
		t.Errorf("%+v is not the present user", chosen)
	}
	if again := choose(t); again != chosen {
		t.Errorf("%+v, then %+v", chosen, again)
	}
}

func TestDrop(t *testing.T) {
	t.Parallel()
	// The test program lies where the account may not go.
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), dropEnv+"=1", "GOCOVERDIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	chosen := choose(t)
	want := fmt.Sprintf("%d %d %d ", chosen.UID, chosen.UID, chosen.GID)
	if !strings.HasPrefix(string(out), want) {
		t.Errorf("%q, want %q", out, want)
	}
}

func TestDataDir(t *testing.T) {
	t.Parallel()
	chosen := choose(t)
	open, err := os.MkdirTemp("/tmp", "picloud-account-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(open); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(open, 0o755); err != nil {
		t.Fatal(err)
	}
	wanted := filepath.Join(open, "deep", "data")
	for range 2 { // the second time it is there
		dir, moved, err := chosen.DataDir(wanted)
		if err != nil || moved || dir != wanted {
			t.Fatal(dir, moved, err)
		}
	}
	info, err := os.Stat(wanted)
	if err != nil {
		t.Fatal(err)
	}
	if stat := info.Sys().(*syscall.Stat_t); int(stat.Uid) != chosen.UID || info.Mode().Perm() != 0o700 {
		t.Errorf("owner %d, mode %v", stat.Uid, info.Mode())
	}
	if err := os.WriteFile(filepath.Join(open, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := chosen.DataDir(filepath.Join(open, "file")); err == nil {
		t.Error("a file is taken for a data directory")
	}
	if !chosen.CanEnter(open) || chosen.CanEnter(filepath.Join(open, "none")) {
		t.Error("CanEnter")
	}
}

// TestDataDirLeavesForeignFoldersAlone: as root any folder given was once made ours.
func TestDataDirLeavesForeignFoldersAlone(t *testing.T) {
	t.Parallel()
	chosen := choose(t)
	open, err := os.MkdirTemp("/tmp", "picloud-account-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(open) })
	if err := os.Chmod(open, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, taken := range map[string]bool{"letter.txt": false, "postgres": false, "picloud.lock": true, "postgresql.local.conf": true, "lost+found": true} {
		dir := filepath.Join(open, "with "+name)
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, _, err := chosen.DataDir(dir); (err == nil) != taken {
			t.Errorf("%s: %v", dir, err)
		}
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if stat := info.Sys().(*syscall.Stat_t); !taken && (int(stat.Uid) != os.Geteuid() || info.Mode().Perm() != 0o755) {
			t.Errorf("%s: owner %d, mode %v", dir, stat.Uid, info.Mode())
		}
	}
}

// As root t.TempDir is a folder that only root may enter, like a clone below /root.
func TestDataDirWhereOnlyRootMayGo(t *testing.T) {
	t.Parallel()
	chosen := choose(t)
	closed := filepath.Join(t.TempDir(), "clone")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	dir, moved, err := chosen.DataDir(filepath.Join(closed, "data"))
	if err != nil {
		t.Fatal(err)
	}
	if moved != (os.Geteuid() == 0) {
		t.Fatal(dir, moved)
	}
	if moved {
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Error(err)
			}
		})
		if !strings.HasPrefix(dir, "/var/lib/picloud/") || len(filepath.Base(dir)) != 12 {
			t.Error(dir)
		}
	}
	if !chosen.CanEnter(dir) {
		t.Error("the account cannot enter", dir)
	}
	if again, _, err := chosen.DataDir(filepath.Join(closed, "data")); again != dir || err != nil {
		t.Error(again, err)
	}
}

func TestStarterOutlivesTheThreadsOfItsCallers(t *testing.T) {
	t.Parallel()
	starter := account.NewStarter()
	defer starter.Close()
	cmd := exec.Command("/bin/cat")
	cmd.SysProcAttr = choose(t).Child(syscall.SIGKILL)
	cmd.Dir = "/"
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		started <- starter.Start(cmd)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	if group, err := syscall.Getpgid(cmd.Process.Pid); err != nil || group != cmd.Process.Pid {
		t.Errorf("process group %d of %d: %v", group, cmd.Process.Pid, err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil || !strings.Contains(string(status), "NoNewPrivs:\t1") {
		t.Errorf("new privileges are not forbidden to the child: %v\n%s", err, status)
	}
	starter.Close()
	if err := input.Close(); err != nil {
		t.Error(err)
	}
	waited := make(chan error, 1)
	go func() { waited <- cmd.Wait() }()
	select {
	case err := <-waited:
		if err != nil {
			t.Errorf("the child was ended by a signal: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the child does not end")
	}
	if err := starter.Start(exec.Command("/bin/true")); !errors.Is(err, account.ErrClosed) {
		t.Error(err)
	}
}
