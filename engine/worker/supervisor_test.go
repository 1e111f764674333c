package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"picloud/engine/account"
	"picloud/engine/execution/journal"
)

// Log levels of a worker that cannot start, and of one that dies as soon as it is ready.
const (
	broken = "broken"
	dying  = "dying"
)

// The test binary is its own worker: one that never becomes ready.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "worker" {
		config, _ := io.ReadAll(os.Stdin)
		if bytes.Contains(config, []byte(`"`+broken+`"`)) {
			fmt.Fprintln(os.Stderr, "picloud: no room for a journal")
			os.Exit(1)
		}
		if bytes.Contains(config, []byte(`"`+dying+`"`)) {
			fmt.Fprintln(os.NewFile(ReadyFD, "ready"), "ready")
			os.Exit(1)
		}
		time.Sleep(time.Minute)
		return
	}
	os.Exit(m.Run())
}

func settings(t *testing.T) Settings {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	starter := account.NewStarter()
	t.Cleanup(starter.Close)
	return Settings{
		Executable: executable, Starter: starter, Listener: file, Directory: t.TempDir(), Accept: func(bool) {},
		Worker:  Config{JournalSlots: 1, RingSize: journal.MinRing},
		Recover: func(context.Context, string, Death) error { return nil },
	}
}

// What a worker leaves that is stopped before it was ready is recovered like any other's.
func TestStopWhileAWorkerStarts(t *testing.T) {
	t.Parallel()
	s := settings(t)
	recovered := make(chan error, 1)
	s.Recover = func(ctx context.Context, _ string, _ Death) error {
		recovered <- ctx.Err()
		return nil
	}
	supervisor := New(s)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- supervisor.Run(ctx) }()
	begun := func() bool {
		supervisor.mu.Lock()
		defer supervisor.mu.Unlock()
		return supervisor.starting != nil
	}
	for until := time.Now().Add(30 * time.Second); !begun(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("no worker was started")
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := <-recovered; err != nil {
		t.Errorf("recovered when it was too late: %v", err)
	}
}

// A worker that cannot start is told of once, with its cause.
func TestWorkerThatCannotStart(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	s := settings(t)
	s.Worker.LogLevel = broken
	ctx, cancel := context.WithCancel(t.Context())
	deaths := 0
	s.Recover = func(_ context.Context, _ string, death Death) error {
		if death.Why != "exit status 1" {
			t.Errorf("why: %q", death.Why)
		}
		if deaths++; deaths == 2 {
			cancel()
		}
		return nil
	}
	if err := New(s).Run(ctx); err != nil {
		t.Error(err)
	}
	if text := log.String(); strings.Count(text, "\n") != 2 || strings.Count(text, "ended before it was ready: exit status 1: no room for a journal\"") != 2 {
		t.Errorf("logged:\n%s", text)
	}
}

// While the database takes no rows, workers that die do not fill the disk with journals: the
// next one waits until one of them has its rows.
func TestJournalsThatWaitAreFew(t *testing.T) {
	t.Parallel()
	s := settings(t)
	s.Worker.LogLevel = dying
	waiting, rows := make(chan struct{}, 100), make(chan struct{})
	s.Recover = func(ctx context.Context, _ string, _ Death) error {
		waiting <- struct{}{}
		select {
		case <-rows:
		case <-ctx.Done():
		}
		return nil
	}
	supervisor := New(s)
	supervisor.hold = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- supervisor.Run(ctx) }()
	for range mostOwing {
		<-waiting
	}
	for range 3 {
		select {
		case <-waiting:
			t.Fatalf("more than %d journals wait", mostOwing)
		case rows <- struct{}{}:
		}
		<-waiting
	}
	if owing := supervisor.owe(0); owing > mostOwing {
		t.Errorf("%d journals wait", owing)
	}
	close(rows)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Sockets of an earlier life are in nobody's way.
func TestLeftOverSockets(t *testing.T) {
	t.Parallel()
	s := settings(t)
	left := filepath.Join(s.Directory, "worker-1-1.sock")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := New(s).recoverLeftOvers(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

// While the database is away the product can be stopped all the same.
func TestInsideStopsWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := settings(t)
	away := errors.New("away")
	s.Recover = func(ctx context.Context, _ string, _ Death) error {
		if _, limited := ctx.Deadline(); !limited {
			t.Error("it waits for the database without end")
		}
		return away
	}
	err := New(s).RunInside(t.Context(), func(_ context.Context, _ Config, listener net.Listener, ready func()) error {
		ready()
		return listener.Close()
	})
	if !errors.Is(err, away) {
		t.Errorf("got %v", err)
	}
}

// Workers that hang one after the other do not pile up.
func TestHangingWorkersAreFew(t *testing.T) {
	t.Parallel()
	supervisor := New(settings(t))
	var all []*process
	for n := range mostHanging + 2 {
		p := &process{number: n, cmd: exec.Command("sleep", "60"), exited: make(chan struct{})}
		if err := p.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go p.wait()
		defer func() { p.kill(); <-p.exited }()
		all = append(all, p)
		supervisor.makeRoom(p)
	}
	<-all[0].exited
	<-all[1].exited
	for _, p := range all[2:] {
		select {
		case <-p.exited:
			t.Errorf("worker %d was killed too", p.number)
		default:
		}
	}
}

// A process is silent when it takes connections and answers nothing.
func TestSilence(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "w.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	var frozen atomic.Bool
	thaw := make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, _ *http.Request) {
		if asked.Add(1); frozen.Load() {
			<-thaw
		}
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() { close(thaw); server.Close(); <-served })

	p := &process{client: dial(socket)}
	silent := p.silence(t.Context(), time.Millisecond, 5*time.Second)
	for asked.Load() < 20 {
		select {
		case <-silent:
			t.Fatal("silent, and answers")
		case <-time.After(time.Millisecond):
		}
	}
	frozen.Store(true)
	select {
	case <-silent:
	case <-time.After(time.Minute):
		t.Fatal("not known to be silent")
	}
}
