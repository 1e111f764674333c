package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// holder is a process of PostgreSQL that works in the data directory.
type holder struct {
	pid   int
	since time.Time // zero: not known
	part  bool      // of a server, such as its checkpointer or who serves a connection
	ours  bool      // of the account
}

func (h holder) String() string {
	if h.since.IsZero() {
		return fmt.Sprintf("process %d", h.pid)
	}
	return fmt.Sprintf("process %d (since %s)", h.pid, h.since.UTC().Format("2006-01-02 15:04:05 UTC"))
}

// holders are those that the kernel shows to this process: they execute PostgreSQL, and the
// data directory is where they work, which each of a server's processes goes to.
func (c *Cluster) holders() []holder {
	home, err := os.Stat(c.Data())
	if err != nil {
		return nil
	}
	var found []holder
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range processes {
		program, err := os.Readlink(filepath.Join(folder, "exe"))
		if err != nil || filepath.Base(strings.TrimSuffix(program, " (deleted)")) != "postgres" {
			continue
		}
		place, err := os.Stat(filepath.Join(folder, "cwd"))
		if err != nil || !os.SameFile(home, place) {
			continue
		}
		if h, ok := c.look(folder); ok {
			found = append(found, h)
		}
	}
	return found
}

// look tells what a folder of /proc says of its process.
func (c *Cluster) look(folder string) (h holder, ok bool) {
	pid, err := strconv.Atoi(filepath.Base(folder))
	if err != nil {
		return holder{}, false
	}
	info, err := os.Stat(folder)
	if err != nil {
		return holder{}, false
	}
	title, err := os.ReadFile(filepath.Join(folder, "cmdline"))
	if err != nil {
		return holder{}, false
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	return holder{
		pid: pid, since: startOf(folder), part: strings.HasPrefix(string(title), "postgres: "),
		ours: known && int(owner.Uid) == c.Account.UID,
	}, true
}

// startOf is when the process of a folder of /proc began: the 22nd field of its stat, in
// hundredths of a second since the machine did (proc_pid_stat(5)).
func startOf(folder string) time.Time {
	stat, err := os.ReadFile(filepath.Join(folder, "stat"))
	if err != nil {
		return time.Time{}
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	uptime, err := os.ReadFile("/proc/uptime")
	if err != nil || len(fields) < 20 {
		return time.Time{}
	}
	began, err := strconv.ParseInt(fields[19], 10, 64)
	if err != nil {
		return time.Time{}
	}
	up, err := time.ParseDuration(strings.Fields(string(uptime))[0] + "s")
	if err != nil {
		return time.Time{}
	}
	return time.Now().Add(time.Duration(began)*10*time.Millisecond - up)
}

// Holders names the processes that hold the data directory; empty: none that can be seen.
func (c *Cluster) Holders() string { return list(c.holders()) }

func list(all []holder) string {
	var names []string
	for _, h := range all {
		names = append(names, h.String())
	}
	return strings.Join(names, ", ")
}

// wake lets those go on that were stopped, so that they can end.
func (c *Cluster) wake() {
	for _, h := range c.holders() {
		if h.ours {
			_ = syscall.Kill(h.pid, syscall.SIGCONT)
		}
	}
}

// killTime is how long a process that was killed may take to go.
const killTime = 5 * time.Second

// EndParts ends what is left of a server that is gone: parts that were stopped do not see it
// go, and keep its memory, without which no other server starts.
func (c *Cluster) EndParts(ctx context.Context) error {
	left := c.parts()
	if len(left) == 0 {
		return nil
	}
	slog.Warn("parts of a PostgreSQL that is gone hold the data folder; ending them", "processes", list(left))
	for _, h := range left {
		if err := syscall.Kill(h.pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("end %s of an earlier PostgreSQL: %w", h, err)
		}
	}
	gone := func() bool { left = c.parts(); return len(left) == 0 }
	if err := await(ctx, killTime, gone); err != nil {
		return fmt.Errorf("wait for the end of %s: %w", list(left), err)
	}
	if len(left) > 0 {
		return fmt.Errorf("parts of an earlier PostgreSQL hold the data folder %s and do not end: %s", c.Data(), list(left))
	}
	return nil
}

// parts are those of no server that runs.
func (c *Cluster) parts() []holder {
	if server, ok := readPidFile(c.Data()); ok && serves(server.pid, c.Data()) {
		return nil
	}
	var found []holder
	for _, h := range c.holders() {
		if h.part && h.ours {
			found = append(found, h)
		}
	}
	return found
}
