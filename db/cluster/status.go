package cluster

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
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
// cleanly, waits for its end, and ends what is left of it; then it removes that server's
// temporary socket folder. What is not of the account it names and leaves alone.
func (c *Cluster) StopOrphan(ctx context.Context) error {
	found, ok := readPidFile(c.Data())
	if ok && serves(found.pid, c.Data()) {
		if err := c.stopServer(ctx, found.pid); err != nil {
			return err
		}
	}
	if err := c.EndParts(ctx); err != nil || !ok {
		return err
	}
	return removeSocketFolder(found.socket)
}

func (c *Cluster) stopServer(ctx context.Context, pid int) error {
	server := holder{pid: pid, since: startOf(fmt.Sprintf("/proc/%d", pid))}
	slog.Warn("PostgreSQL of an earlier start still holds the data folder; ending it", "processes", cmp.Or(c.Holders(), server.String()))
	gone := func() bool { return !serves(pid, c.Data()) }
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, 20 * time.Second}, {syscall.SIGQUIT, 5 * time.Second}, {syscall.SIGKILL, killTime}} {
		if err := syscall.Kill(pid, step.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("PostgreSQL holds the data folder %s and is not ours to end, %s: end it and start again: %w", c.Data(), server, err)
		}
		c.wake()
		if err := await(ctx, step.wait, gone); err != nil {
			return fmt.Errorf("wait for PostgreSQL of an earlier start, %s: %w", server, err)
		}
		if gone() {
			return nil
		}
	}
	return fmt.Errorf("PostgreSQL of an earlier start holds the data folder %s and does not end: %s", c.Data(), server)
}

// await returns when that is so or the time is over.
func await(ctx context.Context, limit time.Duration, so func() bool) error {
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timeout.C:
			return nil
		case <-tick.C:
		}
	}
	return nil
}
