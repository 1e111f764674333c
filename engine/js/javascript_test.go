package js_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each *.test.js calls test(name, body) and check(condition, message) or same(got, want); it runs in
// a sandbox with the caps its own text asks for.
func TestJavaScript(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.test.js")
	if err != nil || len(files) == 0 {
		t.Fatal("no test files", err)
	}
	frame, err := os.ReadFile("testdata/frame.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".test.js"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out, ending := run(t, string(frame)+string(text))
			if ending != nil {
				t.Fatalf("%s %+v\n%s", ending.Outcome, ending.Failure, out)
			}
			if out != "" {
				t.Error(out)
			}
		})
	}
}
