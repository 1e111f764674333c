package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// heads of the throwaway packages. tried counts the tries of a test in a file.
const (
	tried = `
func tried(t *testing.T) int {
	file, err := os.OpenFile(t.Name()+".tries", os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	file.WriteString("x")
	info, _ := file.Stat()
	return int(info.Size())
}
`
	head     = "package throwaway\nimport (\"os\"; \"testing\")\n" + tried
	leakHead = "package throwaway\nimport (\"os\"; \"testing\"; \"go.uber.org/goleak\")\n" + tried
	timeHead = "package throwaway\nimport (\"os\"; \"testing\"; \"time\")\n" + tried
)

const (
	steady   = "func TestSteady(t *testing.T) { tried(t) }\n"
	flaky    = "func TestFlaky(t *testing.T) { if tried(t) == 1 { t.Error(\"the first time\") } }\n"
	flakier  = "func TestFlakier(t *testing.T) { if tried(t) == 1 { t.Error(\"the first time\") } }\n"
	flakiest = "func TestFlakiest(t *testing.T) { if tried(t) == 1 { t.Error(\"the first time\") } }\n"
)

// TestRules runs the suite on throwaway modules: what is tried again, how often, and what
// comes of it. tries are those of each test that is named.
func TestRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		packages  []string // one group each
		flags     []string
		arguments []string
		passed    bool
		unsteady  []string
		says      string
		tries     string // test=number…
	}{
		"all pass":                   {packages: []string{head + steady}, passed: true, tries: "TestSteady=1"},
		"passes the second time":     {packages: []string{head + steady + flaky}, passed: true, unsteady: []string{"a.TestFlaky"}, tries: "TestSteady=1 TestFlaky=2"},
		"a part of a test":           {packages: []string{head + `func TestWhole(t *testing.T) { n := tried(t); t.Run("part", func(t *testing.T) { if n == 1 { t.Fail() } }); t.Run("rest", func(t *testing.T) { os.WriteFile("rest.tries", make([]byte, n), 0o600) }) }`}, passed: true, unsteady: []string{"a.TestWhole"}, tries: "TestWhole=2 rest=2"},
		"the chosen ones alone":      {packages: []string{head + steady + flaky}, arguments: []string{"-run", "Flaky", "-v"}, passed: true, unsteady: []string{"a.TestFlaky"}, tries: "TestSteady=0 TestFlaky=2"},
		"fails twice":                {packages: []string{head + steady + `func TestBad(t *testing.T) { tried(t); t.Error("always") }`}, says: "a.TestBad failed twice", tries: "TestSteady=1 TestBad=2"},
		"two":                        {packages: []string{head + flaky + flakier}, passed: true, unsteady: []string{"a.TestFlakier", "a.TestFlaky"}, tries: "TestFlaky=2 TestFlakier=2"},
		"three":                      {packages: []string{head + flaky + flakier + flakiest}, says: "too many", tries: "TestFlaky=1 TestFlakier=1 TestFlakiest=1"},
		"three of two groups":        {packages: []string{head + flaky + flakier, head + flakiest}, unsteady: []string{"a.TestFlakier", "a.TestFlaky"}, says: "too many", tries: "TestFlaky=2 TestFlakier=2 TestFlakiest=1"},
		"both groups are run":        {packages: []string{head + "func TestBad(t *testing.T) { tried(t); t.Fail() }", head + steady}, says: "failed twice", tries: "TestBad=2 TestSteady=1"},
		"a data race":                {packages: []string{head + `func TestRace(t *testing.T) { if tried(t) > 1 { return }; n := 0; done := make(chan bool); go func() { n++; close(done) }(); n++; <-done }`}, flags: []string{"-race"}, says: "DATA RACE", tries: "TestRace=1"},
		"a data race beside a flake": {packages: []string{head + flaky + `func TestRace(t *testing.T) { n := 0; done := make(chan bool); go func() { n++; close(done) }(); n++; <-done }`}, flags: []string{"-race"}, says: "DATA RACE", tries: "TestFlaky=1"},
		"a leak":                     {packages: []string{leakHead + `func TestLeak(t *testing.T) { if tried(t) == 1 { go func() { select {} }() }; goleak.VerifyNone(t) }`}, says: "found unexpected goroutines", tries: "TestLeak=1"},
		"a leak of the package":      {packages: []string{leakHead + `func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }` + "\n" + `func TestLeak(t *testing.T) { if tried(t) == 1 { go func() { select {} }() } }`}, says: "found unexpected goroutines", tries: "TestLeak=1"},
		"a lost row":                 {packages: []string{head + `func TestRows(t *testing.T) { if tried(t) == 1 { t.Error("lost row: 9 of 10") } }`}, says: "lost row", tries: "TestRows=1"},
		"TestMain fails":             {packages: []string{head + steady + `func TestMain(m *testing.M) { m.Run(); os.Exit(1) }`}, says: "none of its tests did", tries: "TestSteady=1"},
		"a panic":                    {packages: []string{head + `func TestPanic(t *testing.T) { if tried(t) == 1 { panic("oh") } }` + "\n" + steady}, says: "did not all come to their end", tries: "TestPanic=1 TestSteady=0"},
		"ends itself":                {packages: []string{head + flaky + `func TestExit(t *testing.T) { if tried(t) == 1 { os.Exit(1) } }` + "\n" + steady}, says: "did not all come to their end", tries: "TestFlaky=1 TestExit=1 TestSteady=0"},
		"out of time":                {packages: []string{timeHead + flaky + `func TestSlow(t *testing.T) { if tried(t) == 1 { <-time.After(time.Minute) } }`}, flags: []string{"-timeout=1s"}, says: "did not all come to their end", tries: "TestFlaky=1 TestSlow=1"},
		"does not compile":           {packages: []string{head + steady + "func TestNot(t *testing.T) { not }"}, says: "did not all come to their end", tries: "TestSteady=0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder, groups := throwaway(t, c.packages, c.flags)
			var out bytes.Buffer
			s := &suite{gotestsum: gotestsum(t), arguments: c.arguments, out: &out}
			if passed := s.run(t.Context(), groups); passed != c.passed {
				t.Errorf("passed: %v\n%s", passed, out.String())
			}
			var end strings.Builder
			for _, name := range c.unsteady {
				end.WriteString("UNSTEADY throwaway/" + name + "\n")
			}
			if text := out.String(); !strings.HasSuffix(text, end.String()) || strings.Count(text, "UNSTEADY") != len(c.unsteady) || !strings.Contains(text, c.says) {
				t.Errorf("want %q, and at the end %q, in\n%s", c.says, end.String(), text)
			}
			for want := range strings.FieldsSeq(c.tries) {
				name, _, _ := strings.Cut(want, "=")
				if got := name + "=" + string('0'+rune(count(folder, name))); got != want {
					t.Errorf("tries %s, want %s\n%s", got, want, out.String())
				}
			}
		})
	}
}

// count is how often a test of a throwaway module was tried.
func count(folder, name string) (tries int) {
	found, _ := filepath.Glob(filepath.Join(folder, "*", name+".tries"))
	for _, path := range found {
		if text, err := os.ReadFile(path); err == nil {
			tries += len(text)
		}
	}
	return tries
}

// throwaway makes a module of packages a, b, … and a group for each of them.
func throwaway(t *testing.T, packages, flags []string) (folder string, groups []group) {
	t.Helper()
	folder = t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	leaks := ask(t, "../..", "go", "list", "-m", "-f", "{{.Dir}}", "go.uber.org/goleak")
	write("go.mod", "module throwaway\ngo 1.26\nrequire go.uber.org/goleak v1.0.0\nreplace go.uber.org/goleak => "+leaks+"\n")
	for i, source := range packages {
		name := string('a' + rune(i))
		write(name+"/throwaway_test.go", source)
		groups = append(groups, group{folder: folder, flags: flags, packages: []string{"throwaway/" + name}})
	}
	return folder, groups
}

func gotestsum(t *testing.T) string { return ask(t, ".", "go", "tool", "-n", "gotestsum") }

func ask(t *testing.T, folder, name string, arguments ...string) string {
	t.Helper()
	cmd := exec.Command(name, arguments...)
	cmd.Dir = folder
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v", name, arguments, err)
	}
	return strings.TrimSpace(string(out))
}

func TestWithoutRun(t *testing.T) {
	t.Parallel()
	got := withoutRun([]string{"-run", "TestName", "-v", "--run=A/b", "-test.run=C", "-count=2", "-args", "-run", "kept"})
	if want := []string{"-v", "-count=2", "-args", "-run", "kept"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
