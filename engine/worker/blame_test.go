package worker

import (
	"bytes"
	"strings"
	"testing"
)

func TestBlame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, trace string
		slot        int
		why         string
	}{
		{"stack", "runtime: goroutine stack exceeds 67108864-byte limit\nfatal error: stack overflow\n\ngoroutine 19 gp=0x1 m=0 mp=0x2 [running labels:{\"slot\": \"17\"}]:\n", 17, "native stack overflow"},
		{"one huge block", "runtime: out of memory: cannot allocate 8589934592-byte block (3932160 in use)\nfatal error: out of memory\n\ngoroutine 20 gp=0x1 m=0 [running labels:{\"slot\": \"3\"}]:\n", 3, OutOfMemory},
		{"a small block proves nothing", "runtime: out of memory: cannot allocate 8192-byte block (400000000 in use)\nfatal error: out of memory\n\ngoroutine 20 gp=0x1 [running labels:{\"slot\": \"3\"}]:\n", -1, OutOfMemory},
		{"the label of another goroutine", "fatal error: all goroutines are asleep\n\ngoroutine 1 gp=0x1 [chan receive labels:{\"slot\": \"9\"}]:\n", -1, "all goroutines are asleep"},
		{"a signal from outside", "SIGQUIT: quit\nPC=0x1 m=0 sigcode=0\n\ngoroutine 20 gp=0x1 m=0 [running labels:{\"slot\": \"3\"}]:\n", -1, "killed from outside"},
		{"who runs beside the one that failed", "fatal error: bad\n\ngoroutine 1 gp=0x1 [running]:\nmain.main()\n\ngoroutine 20 gp=0x2 [running labels:{\"slot\": \"3\"}]:\n", -1, "bad"},
		{"nothing", "", -1, "killed from outside"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if slot, why := blame(c.trace); slot != c.slot || why != c.why {
				t.Errorf("got %d %q, want %d %q", slot, why, c.slot, c.why)
			}
		})
	}
}

func TestLastWordsAreBounded(t *testing.T) {
	t.Parallel()
	var forwarded [][]byte
	words := &lastWords{forward: func(line []byte) { forwarded = append(forwarded, bytes.Clone(line)) }}
	for range 100 {
		_, _ = words.Write(bytes.Repeat([]byte("x"), maxLine/10))
	}
	if cap(words.line) > 2*maxLine {
		t.Errorf("%d bytes are held", cap(words.line))
	}
	_, _ = words.Write([]byte("\nnext\n"))
	if len(forwarded) != 2 || len(forwarded[0]) != maxLine || string(forwarded[1]) != "next" {
		t.Errorf("%d lines", len(forwarded))
	}
}

func TestLastWords(t *testing.T) {
	t.Parallel()
	var forwarded []string
	words := &lastWords{forward: func(line []byte) { forwarded = append(forwarded, string(line)) }}
	for _, part := range []string{"level=INFO msg=o", "ne\nlevel=INFO msg=two\nfatal err", "or: stack overflow\n\ngoroutine 1 [running]:\n", strings.Repeat("frame\n", 100_000)} {
		if n, err := words.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if len(forwarded) != 2 || forwarded[0] != "level=INFO msg=one" {
		t.Errorf("forwarded %q", forwarded)
	}
	if text := words.String(); !strings.HasPrefix(text, "fatal error: stack overflow\n") || len(text) > traceBytes {
		t.Errorf("kept %d bytes: %.60q", len(text), text)
	}
}
