package worker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
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
	"syscall"
	"time"
)

// Inherited file descriptors of a worker process.
const (
	ListenerFD = 3 // the public listener
	ReadyFD    = 4 // the worker writes "ready" and a line feed here once it accepts
)

// process is one worker process.
type process struct {
	number   int
	journal  string
	socket   string
	client   *http.Client
	cmd      *exec.Cmd
	words    *lastWords
	exited   chan struct{} // closed when the process is gone
	ended    time.Time     // when that was
	hung     atomic.Bool
	silent   atomic.Bool // answered nothing for silenceLimit
	restored atomic.Bool // said that its routes are those it was started with
	leaving  atomic.Bool
	failed   bool // never was ready
}

// start runs a worker process and returns when it accepts calls; begun is told of it as
// soon as it is there.
func start(ctx context.Context, settings Settings, number int, begun func(*process)) (*process, error) {
	stem := filepath.Join(settings.Directory, fmt.Sprintf("worker-%d-%d", os.Getpid(), number))
	config := settings.Worker
	config.Journal, config.Socket, config.OwnProcess = stem+".journal", stem+".sock", true
	input, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("worker configuration: %w", err)
	}
	readyOut, readyIn, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("ready pipe: %w", err)
	}
	defer readyOut.Close()

	p := &process{
		number: number, journal: config.Journal, socket: config.Socket, client: dial(config.Socket), exited: make(chan struct{}),
		words: &lastWords{forward: func(line []byte) { os.Stderr.Write(append(line, '\n')) }},
	}
	p.cmd = exec.Command(settings.Executable, "worker")
	p.cmd.Env = []string{"GODEBUG=tracebacklabels=1,adaptivestackstart=1", "GOTRACEBACK=all", "TZ=UTC"}
	p.cmd.Stdin = bytes.NewReader(input)
	p.cmd.Stdout, p.cmd.Stderr = os.Stderr, p.words
	p.cmd.ExtraFiles = []*os.File{settings.Listener, readyIn}
	p.cmd.WaitDelay = time.Second
	p.cmd.SysProcAttr = settings.Account.Child(syscall.SIGKILL)
	_ = os.Rename(settings.spare(), config.Journal) // without one it makes its own
	if err := settings.Starter.Start(p.cmd); err != nil {
		readyIn.Close()
		_ = os.Remove(config.Journal)
		return nil, fmt.Errorf("start worker: %w", err)
	}
	readyIn.Close()
	begun(p)
	go p.wait()

	if err := awaitReady(ctx, readyOut); err != nil {
		p.failed = true
		p.leaving.Store(ctx.Err() != nil)
		if errors.Is(err, errEndedEarly) {
			p.awaitOwnEnd()
			return p, fmt.Errorf("worker %d: %w: %s: %s", number, err, p.death().Why, p.lastLine())
		}
		p.kill()
		<-p.exited
		return p, fmt.Errorf("worker %d: %w: %s", number, err, p.lastLine())
	}
	return p, nil
}

var errEndedEarly = errors.New("ended before it was ready")

// awaitOwnEnd lets a process that is ending tell how.
func (p *process) awaitOwnEnd() {
	select {
	case <-p.exited:
	case <-time.After(time.Second):
		p.kill()
		<-p.exited
	}
}

func awaitReady(ctx context.Context, ready *os.File) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(ready).ReadString('\n')
		line <- text
	}()
	select {
	case text := <-line:
		if strings.TrimSpace(text) != "ready" {
			return errEndedEarly
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("not ready: %w", context.Cause(ctx))
	}
}

func (p *process) wait() {
	err := p.cmd.Wait()
	p.ended = time.Now()
	slog.Debug("worker gone", "worker", p.number, "state", err)
	close(p.exited)
}

func (p *process) dead() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// leave asks the process, if it lives, to accept no more, finish what runs and go.
func (p *process) leave() {
	if p.dead() {
		return
	}
	p.leaving.Store(true)
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
}

func (p *process) kill() { _ = p.cmd.Process.Kill() }

// silence tells when the process leaves a question open for so long. A run that hangs is
// seen in the journal; this is for what befalls the process: it was stopped, or swapped out.
func (p *process) silence(ctx context.Context, period, limit time.Duration) <-chan struct{} {
	silent := make(chan struct{})
	go func() {
		for {
			wait(ctx, period)
			asking, cancel := context.WithTimeout(ctx, limit)
			err := p.ping(asking)
			late := asking.Err() != nil
			cancel()
			switch {
			case ctx.Err() != nil:
				return
			case err != nil && late:
				close(silent)
				return
			}
		}
	}()
	return silent
}

// ping asks whether the process answers, and takes down what it says.
func (p *process) ping(ctx context.Context) error {
	answer, err := p.request(ctx, http.MethodGet, PingPath, nil)
	if err != nil {
		return err
	}
	defer answer.Close()
	text, err := io.ReadAll(io.LimitReader(answer, maxEvent))
	p.restored.Store(string(text) == Restored)
	return err
}

// death tells why the process is gone.
func (p *process) death() Death {
	d := Death{Hung: p.hung.Load(), Trace: p.words.String(), Slot: -1, Why: "ignored its deadline", At: p.ended}
	if !d.Hung || d.Trace != "" {
		d.Slot, d.Why = blame(d.Trace)
	}
	if p.silent.Load() && !d.Hung && d.Trace == "" {
		d.Why = "it answered nothing for " + silenceLimit.String()
	} else if !d.Hung && d.Trace == "" && p.cmd.ProcessState.Exited() {
		d.Why = p.cmd.ProcessState.String()
	}
	return d
}

// lastLine is the head of the fatal trace, else the last line of standard error.
func (p *process) lastLine() string {
	if trace := p.words.String(); trace != "" {
		return head(trace)
	}
	return p.words.lastLine()
}

// dial makes a client for a private socket. Requests name any host.
func dial(socket string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
		MaxIdleConns: 8, IdleConnTimeout: time.Minute,
	}}
}

func head(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
