package db

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// server is one life of a PostgreSQL server process.
type server struct {
	cmd   *exec.Cmd
	tail  *logTail
	ended chan struct{}
	err   error // why it ended; read after ended
}

func (s *server) wait() {
	s.err = s.cmd.Wait()
	if s.err == nil {
		s.err = errors.New("exit status 0")
	}
	close(s.ended)
}

// shutdown ends the server: clients are cut off and all is written (SIGINT), else at
// once with recovery at the next start (SIGQUIT), else killed.
func (s *server) shutdown() error {
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, fastTimeout}, {syscall.SIGQUIT, quitTimeout}, {syscall.SIGKILL, quitTimeout}} {
		select {
		case <-s.ended:
			return nil
		default:
		}
		if err := s.cmd.Process.Signal(step.signal); err != nil {
			<-s.ended // it can only have ended meanwhile
			return nil
		}
		timer := time.NewTimer(step.wait)
		select {
		case <-s.ended:
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
	return fmt.Errorf("PostgreSQL %d does not end", s.cmd.Process.Pid)
}

// keptLines bounds what a failed start can tell of the server's log.
const keptLines = 20

// logTail passes the server's log on, line by line, and keeps the last lines.
type logTail struct {
	log *slog.Logger

	mu    sync.Mutex
	rest  []byte // of a line, at most maxLine bytes
	lines []string
}

const maxLine = 16 << 10

// Write takes any part of the log; it never fails.
func (t *logTail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rest = append(t.rest, text...)
	for {
		line, rest, whole := bytes.Cut(t.rest, []byte("\n"))
		if !whole && len(t.rest) < maxLine {
			return len(text), nil
		}
		t.pass(string(line))
		t.rest = append([]byte(nil), rest...)
	}
}

func (t *logTail) pass(line string) {
	t.lines = append(t.lines, line)
	if len(t.lines) > keptLines {
		t.lines = t.lines[1:]
	}
	severity, message, ok := strings.Cut(line, ":  ")
	if !ok {
		severity, message = "LOG", line
	}
	level := slog.LevelDebug
	switch severity {
	case "WARNING":
		level = slog.LevelWarn
	case "PANIC":
		level = slog.LevelError
	}
	t.log.Log(context.Background(), level, "postgres: "+message, "severity", severity)
}

func (t *logTail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(append(t.lines, string(t.rest)), "; ")
}
