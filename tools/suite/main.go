// Command suite runs the tests of make test and says whether they passed:
//
//	suite -gotestsum <program> -timed <packages> [arguments of go test]
//
// It is called at the root of the repository. First come the packages with the race
// detector, then the timed ones without, then those of the tools; all are always run. A
// test that failed is run once more, alone, when its group is through. If it passes then,
// the run passes too and its last lines are "UNSTEADY <package>.<test>". What is never
// tried again is told in verdict.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// mostUnsteady is how many tests of a run may need a second try.
const mostUnsteady = 2

func main() {
	gotestsum := flag.String("gotestsum", "", "the program that runs go test and shows what comes of it")
	timed := flag.String("timed", "", "the packages that are timed, as go list takes them")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	groups, err := groupsOf(*timed)
	if err != nil {
		fmt.Fprintln(os.Stderr, "suite:", err)
		os.Exit(1)
	}
	if !(&suite{gotestsum: *gotestsum, arguments: flag.Args(), out: os.Stdout}).run(ctx, groups) {
		os.Exit(1)
	}
}

// group is a set of packages that are tested in one go.
type group struct {
	folder   string   // of their module
	env      []string // nil: ours
	flags    []string
	packages []string
}

func groupsOf(timed string) ([]group, error) {
	all, err := list("./...")
	if err != nil {
		return nil, err
	}
	apart, err := list(strings.Fields(timed)...)
	if err != nil {
		return nil, err
	}
	raced := slices.DeleteFunc(all, func(name string) bool { return slices.Contains(apart, name) })
	return []group{
		{folder: ".", flags: []string{"-race", "-timeout=20m"}, packages: raced},
		// What may run beside others there waits more than it computes: one more than processors.
		{folder: ".", flags: []string{"-timeout=30m", fmt.Sprintf("-parallel=%d", runtime.GOMAXPROCS(0)+1)}, packages: apart},
		{folder: "tools", env: append(os.Environ(), "GOFLAGS="), flags: []string{"-timeout=10m"}, packages: []string{"./..."}},
	}, nil
}

func list(patterns ...string) ([]string, error) {
	cmd := exec.Command("go", append([]string{"list"}, patterns...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list %v: %w", patterns, err)
	}
	return strings.Fields(string(out)), nil
}

// suite is one run of all groups.
type suite struct {
	gotestsum string
	arguments []string // of go test
	out       io.Writer
	unsteady  []string
}

// run tells whether all groups passed.
func (s *suite) run(ctx context.Context, groups []group) bool {
	passed := true
	for _, g := range groups {
		if err := s.group(ctx, g); err != nil {
			fmt.Fprintf(s.out, "\nFAILED: %v\n", err)
			passed = false
		}
	}
	for _, name := range s.unsteady {
		fmt.Fprintln(s.out, "UNSTEADY", name)
	}
	return passed
}

// group tests the packages of a group, and what failed once more.
func (s *suite) group(ctx context.Context, g group) error {
	events, testErr := s.test(ctx, g, s.arguments)
	if testErr == nil {
		return nil
	}
	failed, err := judge(events)
	if err != nil {
		return err
	}
	if len(failed) == 0 {
		return testErr
	}
	if all := len(s.unsteady) + len(failed); all > mostUnsteady {
		return fmt.Errorf("%d tests of this run failed, too many for a second try", all)
	}
	for _, one := range failed {
		fmt.Fprintf(s.out, "\nOnce more, alone: %s\n", one)
		alone := group{folder: g.folder, env: g.env, flags: append(slices.Clone(g.flags), "-count=1", "-run=^"+regexp.QuoteMeta(one.name)+"$"), packages: []string{one.pkg}}
		events, err := s.test(ctx, alone, withoutRun(s.arguments))
		if err != nil || !passes(events, one) {
			return errors.Join(fmt.Errorf("%s failed twice", one), err)
		}
		s.unsteady = append(s.unsteady, one.String())
	}
	return nil
}

// test runs go test and gives its events; the error says that not all was well.
func (s *suite) test(ctx context.Context, g group, arguments []string) ([]event, error) {
	folder, err := os.MkdirTemp("", "suite-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	record := filepath.Join(folder, "events.json")
	format := "pkgname"
	if slices.Contains(arguments, "-v") {
		format = "standard-verbose"
	}
	flags := []string{"--format=" + format, "--format-icons=text", "--format-hide-empty-pkg", "--hide-summary=skipped", "--jsonfile=" + record}
	flags = append(flags, "--packages="+strings.Join(g.packages, " "), "--")
	cmd := exec.CommandContext(ctx, s.gotestsum, slices.Concat(flags, g.flags, arguments)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = g.folder, g.env, s.out, s.out
	testErr := cmd.Run()
	events, err := read(record)
	if err != nil {
		return nil, errors.Join(testErr, err)
	}
	return events, testErr
}

// withoutRun are arguments of go test without their choice of tests: go test takes only one.
func withoutRun(arguments []string) []string {
	var kept []string
	for i := 0; i < len(arguments); i++ {
		name, _, valued := strings.Cut(strings.TrimLeft(arguments[i], "-"), "=")
		switch {
		case arguments[i] == "-args" || arguments[i] == "--args":
			return append(kept, arguments[i:]...)
		case !strings.HasPrefix(arguments[i], "-") || strings.TrimPrefix(name, "test.") != "run":
			kept = append(kept, arguments[i])
		case !valued:
			i++ // its value
		}
	}
	return kept
}
