package webapi_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"

	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/webapi"
)

func TestMain(m *testing.M) {
	js.SetUp()
	os.Exit(m.Run())
}

// sandbox has the text as its program and all globals of this package.
func sandbox(t testing.TB, globals *js.Globals, text string) *js.Sandbox {
	t.Helper()
	program, err := js.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	return js.New(js.Config{Globals: globals, Program: program, Limits: call.DefaultLimits})
}

// play runs the program and then the work, on the loop, and waits for its end.
func play(t testing.TB, s *js.Sandbox, work func() error) {
	t.Helper()
	watch := time.AfterFunc(2*time.Minute, func() { s.Stop(call.Timeout, "too long") })
	defer watch.Stop()
	ending := s.Run(func() error {
		if err := s.Load(); err != nil {
			return err
		}
		if work != nil {
			return work()
		}
		return nil
	})
	if ending != nil {
		t.Fatalf("%s: %s %s %v", ending.Outcome, ending.Failure.Name, ending.Failure.Message, ending.Failure.Stack)
	}
}

func text(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestStandards runs testdata/*.test.js, each in a sandbox of its own.
func TestStandards(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.test.js")
	if err != nil || len(files) == 0 {
		t.Fatal("no test files", err)
	}
	harness, globals := text(t, "harness.js"), js.NewGlobals(webapi.Globals())
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(strings.TrimSuffix(name, ".test.js"), func(t *testing.T) {
			t.Parallel()
			s := sandbox(t, globals, harness+"\n"+text(t, name))
			play(t, s, nil)
			report(t, s)
		})
	}
}

func report(t *testing.T, s *js.Sandbox) {
	var results []struct {
		Name  string
		Error *string
		Done  bool
	}
	value, err := s.VM().RunString(`JSON.stringify(results)`)
	if err != nil {
		t.Fatal(err)
	}
	decode(t, value, &results)
	if len(results) == 0 {
		t.Fatal("the file has no tests")
	}
	for _, result := range results {
		switch {
		case result.Error != nil:
			t.Errorf("%s\n\t%s", result.Name, strings.ReplaceAll(*result.Error, "\n", "\n\t"))
		case !result.Done:
			t.Errorf("%s: never ended", result.Name)
		}
	}
}

func decode(t *testing.T, value goja.Value, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(value.String()), into); err != nil {
		t.Fatal(fmt.Errorf("results: %w", err))
	}
}
