package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

// What a build may use. The child watches the processor time itself and is killed by
// its parent at the deadline whatever it does.
const (
	buildDeadline = 10 * time.Second
	buildCPU      = 2 * time.Second
	buildMemory   = 512 << 20
	// Half of what a worker has, so that what compiles here compiles there.
	buildStack = 32 << 20
	// Builds at a time in one process.
	buildsAtOnce = 2
)

// maxInput and maxReply bound what goes through the pipes, in bytes: JSON may write six
// bytes for one.
const (
	maxInput = 6*MaxSource + 64<<10
	maxReply = 32 << 20
)

// Children builds in short-lived children of its own executable, a few at a time; the
// others wait in line.
type Children struct {
	executable string
	start      func(*exec.Cmd) error
	slots      chan struct{}
	deadline   time.Duration
}

// NewChildren makes a builder that runs "<executable> build". start starts a command so
// that it ends with this process; nil is (*exec.Cmd).Start in a process group of its own.
func NewChildren(executable string, start func(*exec.Cmd) error) *Children {
	if start == nil {
		start = func(cmd *exec.Cmd) error {
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			return cmd.Start()
		}
	}
	return &Children{executable: executable, start: start, slots: make(chan struct{}, buildsAtOnce), deadline: buildDeadline}
}

// Build builds one source. The error is Problems when the source is at fault, also when
// the child died of it or hung; any other error is ours or ctx's.
func (c *Children) Build(ctx context.Context, input Input) (Output, error) {
	if problems := check(input); problems != nil {
		return Output{}, Problems(problems)
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return Output{}, fmt.Errorf("wait for a build: %w", context.Cause(ctx))
	}
	return c.run(ctx, input)
}

type reply struct {
	Output   Output    `json:"output"`
	Problems []Problem `json:"problems,omitempty"`
}

func (c *Children) run(ctx context.Context, input Input) (Output, error) {
	request, err := json.Marshal(input)
	if err != nil {
		return Output{}, fmt.Errorf("build %s: %w", input.File, err)
	}
	limited, cancel := context.WithTimeout(ctx, c.deadline)
	defer cancel()
	answer, complaint := &head{limit: maxReply}, &head{limit: 4 << 10}
	cmd := exec.CommandContext(limited, c.executable, "build")
	cmd.Env = []string{"GOTRACEBACK=none", fmt.Sprintf("GOMEMLIMIT=%d", buildMemory)}
	cmd.Dir = "/"
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(request), answer, complaint
	cmd.WaitDelay = time.Second
	if err := c.start(cmd); err != nil {
		return Output{}, fmt.Errorf("start the build of %s: %w", input.File, err)
	}
	failed := cmd.Wait()
	if ctx.Err() != nil {
		return Output{}, fmt.Errorf("build %s: %w", input.File, context.Cause(ctx))
	}
	if errors.Is(limited.Err(), context.DeadlineExceeded) {
		return Output{}, tooSlow()
	}
	if exit, ok := errors.AsType[*exec.ExitError](failed); ok && exit.ExitCode() == 1 { // an error of Main
		return Output{}, fmt.Errorf("build %s: %w: %s", input.File, failed, complaint.String())
	}
	var got reply
	if failed != nil || answer.cut || json.Unmarshal(answer.Bytes(), &got) != nil {
		return Output{}, causeOfDeath(complaint.String())
	}
	if len(got.Problems) > 0 {
		return Output{}, Problems(got.Problems)
	}
	return got.Output, nil
}

// causeOfDeath turns what the Go runtime wrote last into words about the source.
func causeOfDeath(complaint string) Problems {
	reason := "the build ended without an answer."
	switch {
	case strings.Contains(complaint, "stack overflow"), strings.Contains(complaint, "stack exceeds"):
		reason = "it is nested too deeply."
	case strings.Contains(complaint, "out of memory"), strings.Contains(complaint, "cannot allocate"):
		reason = "it needs too much memory to compile."
	}
	return Problems{{Message: "The source could not be compiled: " + reason}}
}

func tooSlow() Problems {
	return Problems{{Message: "The source could not be compiled: it takes too long. Very long chains of operators and deep nesting do this."}}
}

// Main is the child: it reads one Input as JSON, writes one reply as JSON and returns.
// It lowers the limits of its process first, so nothing else may run in it.
func Main(stdin io.Reader, stdout io.Writer) error {
	debug.SetMaxStack(buildStack)
	debug.SetMemoryLimit(buildMemory)
	ticks := time.NewTicker(25 * time.Millisecond) // the runtime's last need of a new file
	defer ticks.Stop()
	if err := limit(); err != nil {
		return fmt.Errorf("limit the build: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(stdin, maxInput))
	if err != nil {
		return fmt.Errorf("read the source: %w", err)
	}
	var input Input
	if err := json.Unmarshal(text, &input); err != nil {
		return fmt.Errorf("read the source: %w", err)
	}
	built := make(chan reply, 1)
	go func() {
		output, problems := Build(input)
		built <- reply{Output: output, Problems: problems}
	}()
	if err := json.NewEncoder(stdout).Encode(await(built, ticks.C)); err != nil {
		return fmt.Errorf("answer the build: %w", err)
	}
	return nil
}

// await gives up when the build has used its processor time; the process ends then and
// takes the build along. Time that other processes took does not count.
func await(built <-chan reply, ticks <-chan time.Time) reply {
	started := time.Now()
	for {
		select {
		case done := <-built:
			return done
		case <-ticks:
			if min(time.Since(started), processorTime()) > buildCPU {
				return reply{Problems: tooSlow()}
			}
		}
	}
}

// processorTime is what this process has used, in user and kernel mode.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return buildDeadline
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// head keeps the first bytes written to it.
type head struct {
	bytes.Buffer
	limit int
	cut   bool
}

func (h *head) Write(p []byte) (int, error) {
	kept := min(len(p), h.limit-h.Len())
	h.cut = h.cut || kept < len(p)
	h.Buffer.Write(p[:kept])
	return len(p), nil
}
