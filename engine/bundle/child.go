package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
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
	setDeadline   = 30 * time.Second // of all builds of a set together
	buildMemory   = 512 << 20
	// Half of what a worker has, so that what compiles here compiles there.
	buildStack = 32 << 20
	// Builds at a time in one process.
	buildsAtOnce = 2
)

// What goes through the pipes, in bytes: JSON may write six bytes for one.
const (
	maxInput  = 512 << 20
	maxReply  = 32 << 20 // of one program
	maxAnswer = 64 << 20 // of all programs of a set
)

// Children builds in short-lived children of its own executable, a few at a time; the
// others wait in line.
type Children struct {
	executable string
	start      func(*exec.Cmd) error
	slots      chan struct{}
	sets       chan struct{}
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
	return &Children{executable: executable, start: start, slots: make(chan struct{}, buildsAtOnce), sets: make(chan struct{}, 1), deadline: buildDeadline}
}

// Built is what came of one input.
type Built struct {
	Output   Output   `json:"output"`
	Problems Problems `json:"problems,omitempty"` // none: there is an Output
}

// BuildAll builds several programs, in one child as long as none of them is its end. What the
// inputs call a module by a name must be the same in all of them. The error is ours or ctx's.
func (c *Children) BuildAll(ctx context.Context, inputs []Input) ([]Built, error) {
	if len(inputs) == 1 {
		if problems := check(inputs[0].Entry); problems != nil {
			return []Built{{Problems: problems}}, nil
		}
	}
	leave, err := c.enter(ctx, len(inputs) > 1)
	if err != nil {
		return nil, err
	}
	defer leave()
	all, end := make([]Built, 0, len(inputs)), time.Now().Add(max(c.deadline, setDeadline))
	for size := 0; len(all) < len(inputs); {
		if time.Now().After(end) {
			all = append(all, Built{Problems: Problems{{Message: "The programs that are built together take too long. Publish fewer at a time."}}})
			continue
		}
		built, err := c.run(ctx, inputs[len(all):], end)
		if err != nil {
			return nil, err
		}
		for _, one := range built {
			if size += len(one.Output.Program) + len(one.Output.SourceMap); size > maxAnswer {
				one = Built{Problems: Problems{{Message: fmt.Sprintf("The programs that are built together are more than %d MiB.", maxAnswer>>20)}}}
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// enter waits for a place. Sets have but one of them, so that they keep no single build waiting.
func (c *Children) enter(ctx context.Context, set bool) (leave func(), err error) {
	lines := []chan struct{}{c.slots}
	if set {
		lines = []chan struct{}{c.sets, c.slots}
	}
	for i, line := range lines {
		select {
		case line <- struct{}{}:
		case <-ctx.Done():
			for _, entered := range lines[:i] {
				<-entered
			}
			return nil, fmt.Errorf("wait for a build: %w", context.Cause(ctx))
		}
	}
	return func() {
		for _, line := range lines {
			<-line
		}
	}, nil
}

// request is what a child reads: each module once.
type request struct {
	Inputs  []Input         `json:"inputs"`
	Modules map[string]File `json:"modules,omitempty"`
}

func requestOf(inputs []Input) request {
	r := request{Inputs: inputs, Modules: map[string]File{}}
	for _, input := range inputs {
		maps.Copy(r.Modules, input.Modules)
	}
	return r
}

// run builds in one child, as many of the inputs as it lives to see, and at least one.
func (c *Children) run(ctx context.Context, inputs []Input, end time.Time) ([]Built, error) {
	file := inputs[0].Entry.Name
	text, err := json.Marshal(requestOf(inputs))
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", file, err)
	}
	limited, cancel := context.WithTimeout(ctx, min(c.deadline*time.Duration(len(inputs)), time.Until(end)))
	defer cancel()
	answer, complaint := &head{limit: min(maxAnswer, maxReply*len(inputs))}, &head{limit: 4 << 10}
	cmd := exec.CommandContext(limited, c.executable, "build")
	cmd.Env = []string{"GOTRACEBACK=none", fmt.Sprintf("GOMEMLIMIT=%d", buildMemory)}
	cmd.Dir = "/"
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), answer, complaint
	cmd.WaitDelay = time.Second
	if err := c.start(cmd); err != nil {
		return nil, fmt.Errorf("start the build of %s: %w", file, err)
	}
	failed := cmd.Wait()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("build %s: %w", file, context.Cause(ctx))
	}
	if exit, ok := errors.AsType[*exec.ExitError](failed); ok && exit.ExitCode() == 1 { // an error of Main
		return nil, fmt.Errorf("build %s: %w: %s", file, failed, complaint.String())
	}
	built := replies(answer, len(inputs))
	if len(built) < len(inputs) && (failed != nil || len(built) == 0) { // the next one was its end
		problems := causeOfDeath(complaint.String())
		if errors.Is(limited.Err(), context.DeadlineExceeded) {
			problems = tooSlow()
		}
		built = append(built, Built{Problems: problems})
	}
	return built, nil
}

// replies are the answers that came whole.
func replies(answer *head, most int) (built []Built) {
	decoder := json.NewDecoder(&answer.Buffer)
	for len(built) < most {
		var next Built
		if decoder.Decode(&next) != nil {
			return built
		}
		built = append(built, next)
	}
	return built
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

// Main is the child: it reads a request as JSON, writes what came of each of its inputs as JSON,
// and returns. One that takes too long is the last. It lowers the limits of its process first, so
// nothing else may run in it.
func Main(stdin io.Reader, stdout io.Writer) error {
	debug.SetMaxStack(buildStack)
	debug.SetMemoryLimit(buildMemory)
	ticks := time.NewTicker(25 * time.Millisecond) // the runtime's last need of a new file
	defer ticks.Stop()
	if err := limit(); err != nil {
		return fmt.Errorf("limit the build: %w", err)
	}
	var asked request
	if err := json.NewDecoder(io.LimitReader(stdin, maxInput)).Decode(&asked); err != nil {
		return fmt.Errorf("read the source: %w", err)
	}
	shared, answers := newReader(), json.NewEncoder(stdout)
	for _, input := range asked.Inputs {
		input.Modules = asked.Modules
		built := make(chan Built, 1)
		go func() {
			output, problems := shared.build(input)
			built <- Built{Output: output, Problems: problems}
		}()
		answer, inTime := await(built, ticks.C)
		if err := answers.Encode(answer); err != nil {
			return fmt.Errorf("answer the build: %w", err)
		}
		if !inTime {
			return nil
		}
	}
	return nil
}

// await gives up when a build has used its processor time; the process ends then and
// takes the build along. Time that other processes took does not count.
func await(built <-chan Built, ticks <-chan time.Time) (answer Built, inTime bool) {
	started, used := time.Now(), processorTime()
	for {
		select {
		case done := <-built:
			return done, true
		case <-ticks:
			if min(time.Since(started), processorTime()-used) > buildCPU {
				return Built{Problems: tooSlow()}, false
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
