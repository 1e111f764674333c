package account_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"picloud/engine/account"
)

// confineForTest does in <folder>/run what a worker does, and tries all that it may not. It
// runs as the account that owns all the files there.
func confineForTest(folder string) error {
	chosen, err := account.Choose()
	if err == nil {
		err = chosen.Drop()
	}
	if err != nil {
		return err
	}
	secret, run, readable := filepath.Join(folder, "password"), filepath.Join(folder, "run"), filepath.Join(folder, "readable")
	if _, err := os.ReadFile(secret); err != nil {
		return fmt.Errorf("before: %w", err)
	}
	other := exec.Command("/bin/sleep", "60") // of the same user
	if err := other.Start(); err != nil {
		return fmt.Errorf("before: %w", err)
	}
	defer func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	}()
	if _, err := os.ReadFile(environment(other)); err != nil {
		return fmt.Errorf("before: %w", err)
	}
	confined, err := account.Confine(run, readable, filepath.Join(folder, "absent"))
	if err != nil || !confined {
		return fmt.Errorf("confined %v, %w", confined, err)
	}
	var faults []error
	for range 8 { // on threads that were there and on new ones
		answer := make(chan error)
		go func() {
			runtime.LockOSThread() // the thread ends with it
			answer <- tryConfined(folder, secret, run, readable, other)
		}()
		faults = append(faults, <-answer)
	}
	return errors.Join(faults...)
}

func environment(process *exec.Cmd) string {
	return fmt.Sprintf("/proc/%d/environ", process.Process.Pid)
}

func tryConfined(folder, secret, run, readable string, other *exec.Cmd) error {
	refused := map[string]error{}
	_, refused["read a password"] = os.ReadFile(secret)
	_, refused["read it on another way"] = os.ReadFile(filepath.Join(run, "..", "password"))
	_, refused["list the folder"] = os.ReadDir(folder)
	_, refused["read another's environment"] = os.ReadFile(environment(other))
	refused["write where it may read"] = os.WriteFile(filepath.Join(readable, "new"), nil, 0o600)
	refused["remove the password"] = os.Remove(secret)
	refused["make a second name"] = os.Link(secret, filepath.Join(run, "link"))
	refused["start a program"] = exec.Command("/bin/true").Run()
	refused["look into another"] = unix.PtraceAttach(other.Process.Pid)
	for what, err := range refused {
		if err == nil {
			return fmt.Errorf("it can %s", what)
		}
	}
	file := filepath.Join(run, "journal")
	err := os.WriteFile(file, []byte("x"), 0o600)
	if err == nil {
		_, err = os.ReadFile(file)
	}
	if err == nil {
		err = os.Remove(file)
	}
	if err == nil {
		_, err = os.ReadFile(filepath.Join(readable, "hosts"))
	}
	if err != nil {
		return err
	}
	listener, err := net.Listen("unix", filepath.Join(run, "worker.sock"))
	if err != nil {
		return err
	}
	defer listener.Close()
	outside, err := net.Dial("unix", filepath.Join(folder, "manager.sock"))
	if err != nil {
		return err
	}
	return outside.Close()
}

// TestConfine: with the same user, and so with every right over the files, a confined
// process opens none but its own.
func TestConfine(t *testing.T) {
	t.Parallel()
	chosen := choose(t)
	folder, err := os.MkdirTemp("/tmp", "picloud-account-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	listener, err := net.Listen("unix", filepath.Join(folder, "manager.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, path := range []string{"run", "readable"} {
		err = errors.Join(err, os.Mkdir(filepath.Join(folder, path), 0o700))
	}
	for _, path := range []string{"password", "readable/hosts"} {
		err = errors.Join(err, os.WriteFile(filepath.Join(folder, path), []byte("x"), 0o600))
	}
	for _, path := range []string{"", "run", "readable", "password", "readable/hosts", "manager.sock"} {
		err = errors.Join(err, chosen.Own(filepath.Join(folder, path)))
	}
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "program") // as it is released: without cgo
	build := exec.Command("go", "test", "-c", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(program)
	cmd.Env = []string{confineEnv + "=" + folder}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, strings.TrimSpace(string(out)))
	}
}
