package bundle

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"picloud/engine/call"
)

func children(t *testing.T) *Children {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return NewChildren(executable, nil)
}

// buildOne builds a set of one.
func buildOne(ctx context.Context, builder *Children, input Input) (Output, error) {
	built, err := builder.BuildAll(ctx, []Input{input})
	if err != nil {
		return Output{}, err
	}
	if len(built[0].Problems) > 0 {
		return Output{}, built[0].Problems
	}
	return built[0].Output, nil
}

func TestChildBuildsWhatBuildBuilds(t *testing.T) {
	t.Parallel()
	input := Input{Entry: File{Name: "hello.ts", Language: TypeScript, Source: "enum E { A }\nexport default (): string => `ü${E.A}`"}}
	got, err := buildOne(t.Context(), children(t), input)
	if err != nil {
		t.Fatal(err)
	}
	if want := build(t, TypeScript, input.Entry.Source); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	input.Entry.Source = "export default 1 +"
	_, err = buildOne(t.Context(), children(t), input)
	if problems, ok := errors.AsType[Problems](err); !ok || problems[0].Line != 1 {
		t.Errorf("%v", err)
	}
}

func TestChildSurvivesABigSource(t *testing.T) {
	t.Parallel()
	line := "export function f0000000(a: number) { return `x${a}` + a }\n"
	var source strings.Builder
	for n := 0; source.Len() < 100<<10; n++ {
		source.WriteString(strings.Replace(line, "0000000", fmt7(n), 1))
	}
	source.WriteString("export default () => f0000001(1)")
	if _, err := buildOne(t.Context(), children(t), Input{Entry: File{Name: "a.ts", Language: TypeScript, Source: source.String()}}); err != nil {
		t.Fatalf("%.300v", err)
	}
}

func fmt7(n int) string {
	digits := []byte("0000000")
	for i := 6; n > 0; i, n = i-1, n/10 {
		digits[i] = byte('0' + n%10)
	}
	return string(digits)
}

// The sources that hang the compiler, exhaust memory or overflow the stack.
func TestBombsEndAsProblems(t *testing.T) {
	t.Parallel()
	repeat := strings.Repeat
	bombs := map[string]string{
		"power":            "3n**100000000n",
		"shift":            "1n<<10000000000n",
		"huge shift":       "1n<<100000000000n",
		"brackets":         repeat("(", 300<<10) + "1" + repeat(")", 300<<10),
		"arrays":           repeat("[", 500<<10) + repeat("]", 500<<10),
		"array pattern":    "(() => { var " + repeat("[", 250<<10) + "a" + repeat("]", 250<<10) + " = 1 })()",
		"arrows":           repeat("a=>", 85<<10) + "1",
		"sums of numbers":  repeat("1+", 60<<10) + "1",
		"sums of names":    "a" + repeat("+a", 250<<10),
		"blocks":           "(() => " + repeat("{", 400<<10) + repeat("}", 400<<10) + ")",
		"nots":             repeat("!", 900<<10) + "1",
		"templates":        repeat("`${", 150<<10) + "1" + repeat("}`", 150<<10),
		"types":            "1 as " + repeat("Array<", 100<<10) + "x" + repeat(">", 100<<10),
		"optional chain":   "a" + repeat("?.a", 250<<10),
		"nested functions": repeat("function f(){", 60<<10) + repeat("}", 60<<10),
		"big literal":      repeat("9", 1000000) + "n",
	}
	builder := children(t)
	for name, text := range bombs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input := Input{Entry: File{Name: "bomb.ts", Language: TypeScript, Source: "export default () => {};\n" + text}}
			_, err := buildOne(t.Context(), builder, input)
			if err == nil {
				t.Log("compiled")
				return
			}
			problems, ok := errors.AsType[Problems](err)
			if !ok {
				t.Fatalf("%.500v", err)
			}
			if message := problems[0].Message; strings.Contains(message, "goroutine") || len(message) > 300 {
				t.Errorf("%.1000s", message)
			}
			t.Logf("%.200v", problems[0])
		})
	}
}

func TestBuildsWaitInLineAndGiveUp(t *testing.T) {
	t.Parallel()
	// A child that never answers: it waits for the end of a pipe that stays open.
	builder := NewChildren(hanging(t), nil)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	input := Input{Entry: File{Name: "a.ts", Language: TypeScript, Source: "export default 1"}}
	for range buildsAtOnce + 1 {
		go func() {
			_, err := buildOne(ctx, builder, input)
			ended <- err
		}()
	}
	cancel()
	for range buildsAtOnce + 1 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
	if _, err := buildOne(t.Context(), NewChildren("/nowhere/picloud", nil), input); err == nil || errors.As(err, &Problems{}) {
		t.Errorf("a missing executable is %v", err)
	}
}

// What keeps the child from building at all is no fault of the source, and its words are kept.
func TestChildThatCannotBuild(t *testing.T) {
	t.Parallel()
	path := shellScript(t, "echo limit the build: not permitted >&2\nexit 1")
	_, err := buildOne(t.Context(), NewChildren(path, nil), Input{Entry: File{Name: "a.ts", Language: TypeScript, Source: "export default 1"}})
	if err == nil || errors.As(err, &Problems{}) || !strings.Contains(err.Error(), "limit the build: not permitted") {
		t.Errorf("%v", err)
	}
}

// hanging is an executable that ends only when it is killed.
func hanging(t *testing.T) string { return shellScript(t, "exec /bin/sleep 1000") }

// shellScript writes an executable. A child that is forked meanwhile would hold it open for
// writing, and the kernel runs no such file.
func shellScript(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script")
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDeadlineIsAProblem(t *testing.T) {
	t.Parallel()
	builder := NewChildren(hanging(t), nil)
	builder.deadline = 50 * time.Millisecond
	_, err := buildOne(t.Context(), builder, Input{Entry: File{Name: "a.ts", Language: TypeScript, Source: "export default 1"}})
	if problems, ok := errors.AsType[Problems](err); !ok || !strings.Contains(problems[0].Message, "too long") {
		t.Errorf("%v", err)
	}
}

func TestChildHasNoSecrets(t *testing.T) {
	t.Parallel()
	seen := make(chan []string, 1)
	builder := children(t)
	start := builder.start
	builder.start = func(cmd *exec.Cmd) error {
		seen <- cmd.Env
		return start(cmd)
	}
	if _, err := buildOne(t.Context(), builder, Input{Entry: File{Name: "a.ts", Language: TypeScript, Source: "export default 1"}}); err != nil {
		t.Fatal(err)
	}
	for _, variable := range <-seen {
		if name, _, _ := strings.Cut(variable, "="); name != "GOTRACEBACK" && name != "GOMEMLIMIT" {
			t.Errorf("the child gets %s", variable)
		}
	}
}

func TestStack(t *testing.T) {
	t.Parallel()
	source := "import { log } from \"picloud\"\nenum Ä { A }\nasync function* gen() { yield 1 }\n" +
		"function fail(): never {\n  const größe = \"日本\"; throw new Error(größe)\n}\n" +
		"export default async function () {\n  for await (const x of gen()) { log.info(x); fail() }\n}\n"
	output := build(t, TypeScript, source)
	var frames []call.Frame
	lines := strings.Split(output.Program, "\n")
	for i, line := range lines {
		for _, text := range []string{"new Error", "fail()", "__knownSymbol(", "__picloud"} {
			if at := strings.Index(line, text); at >= 0 {
				frames = append(frames, call.Frame{Function: text, Line: i + 1, Column: at + 1})
			}
		}
	}
	var got []string
	for _, frame := range ReadMap(output.SourceMap).Stack(frames) {
		got = append(got, restOfLine(source, frame))
	}
	want := []string{"fail(): never {", "new Error(größe)", "fail() }"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("%q, want %q", got, want)
	}
	for _, broken := range []string{"", "{}", `{"version":3,"mappings":"!"}`, `{"version":3,"mappings":"gggggggggggg"}`} {
		if mapped := ReadMap(broken).Stack(frames); len(mapped) != 0 {
			t.Errorf("%s: %v", broken, mapped)
		}
	}
	names := []call.Frame{{Function: "hello_default"}, {Function: "other_default"}, {Function: "x"}}
	for i, name := range []string{"default", "other_default", "x"} {
		if got := ownName("hello.ts", names[i].Function); got != name {
			t.Errorf("%s, want %s", got, name)
		}
	}
}

// restOfLine is the rest of the source's line from a frame on.
func restOfLine(source string, frame call.Frame) string {
	line := strings.Split(source, "\n")[frame.Line-1]
	for i := range line {
		if units(line[:i]) == frame.Column-1 {
			return line[i:]
		}
	}
	return ""
}

func FuzzStack(f *testing.F) {
	f.Add("AAAA;;CACA,E;ACAA", 1, 1)
	f.Add("gggggB", 1, 40)
	f.Fuzz(func(t *testing.T, mappings string, line, column int) {
		text, err := json.Marshal(map[string]any{"version": 3, "sources": []string{"a.ts", "picloud:picloud"}, "mappings": mappings})
		if err != nil {
			t.Skip()
		}
		for _, frame := range ReadMap(string(text)).Stack([]call.Frame{{Line: line, Column: column}}) {
			if frame.File != "a.ts" || frame.Line < 1 || frame.Column < 1 {
				t.Errorf("%+v", frame)
			}
		}
	})
}
