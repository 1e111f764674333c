package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pidFile is what the server writes of itself into postmaster.pid, see pidfile.h of
// PostgreSQL.
type pidFile struct {
	pid    int
	socket string
	ready  bool
}

// readPidFile tells false when there is no server, or it has only begun to write.
func readPidFile(data string) (pidFile, bool) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return pidFile{}, false
	}
	lines := strings.Split(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 1 {
		return pidFile{}, false
	}
	found := pidFile{pid: pid}
	if len(lines) > 4 {
		found.socket = lines[4]
	}
	if len(lines) > 7 {
		found.ready = strings.TrimSpace(lines[7]) == "ready"
	}
	return found, true
}

// Ready tells whether the server with this process id takes connections.
func (c *Cluster) Ready(pid int) bool {
	found, ok := readPidFile(c.Data())
	return ok && found.pid == pid && found.ready
}

// RunningURL is the manager's address of the server that serves dir at the moment, for
// commands that go to the database beside a running service; false when none runs.
func RunningURL(dir string) (string, bool, error) {
	data := filepath.Join(dir, "postgres")
	found, ok := readPidFile(data)
	if !ok || !serves(found.pid, data) {
		return "", false, nil
	}
	password, err := os.ReadFile(passwordFile(dir, Manager))
	if err != nil {
		return "", false, fmt.Errorf("password of %s: %w", Manager, err)
	}
	return socketURL(found.socket, Manager, strings.TrimSpace(string(password)), Database), true, nil
}

// serves is true when the process is a PostgreSQL server of this data directory: a
// number in a file may by now be another program's.
func serves(pid int, data string) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if errors.Is(err, os.ErrNotExist) {
		line, err = exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
		line = bytes.ReplaceAll(line, []byte(" -D "), []byte("\x00-D\x00"))
		line = bytes.TrimSpace(line)
	}
	if err != nil {
		return false
	}
	return bytes.Contains(line, []byte("postgres")) &&
		bytes.Contains(append(line, 0), []byte("\x00-D\x00"+data+"\x00"))
}

// StopOrphan stops a server that an earlier life left behind, first asking it to end
// cleanly, and waits for its end; then it removes that server's temporary socket folder.
func (c *Cluster) StopOrphan(ctx context.Context) error {
	found, ok := readPidFile(c.Data())
	if !ok {
		return nil
	}
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, 20 * time.Second}, {syscall.SIGQUIT, 5 * time.Second}, {syscall.SIGKILL, 5 * time.Second}} {
		if !serves(found.pid, c.Data()) {
			return removeSocketFolder(found.socket)
		}
		if err := syscall.Kill(found.pid, step.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop PostgreSQL %d of an earlier start: %w", found.pid, err)
		}
		if err := awaitEnd(ctx, found.pid, c.Data(), step.wait); err != nil {
			return err
		}
	}
	if serves(found.pid, c.Data()) {
		return fmt.Errorf("PostgreSQL %d of an earlier start does not end", found.pid)
	}
	return removeSocketFolder(found.socket)
}

// awaitEnd returns when the process has ended or the time is over.
func awaitEnd(ctx context.Context, pid int, data string, limit time.Duration) error {
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for serves(pid, data) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for PostgreSQL %d of an earlier start: %w", pid, ctx.Err())
		case <-timeout.C:
			return nil
		case <-tick.C:
		}
	}
	return nil
}
