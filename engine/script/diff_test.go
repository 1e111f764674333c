package script

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// picture writes a difference as a unified one, each hunk with its first line numbers.
func picture(d Difference) string {
	var b strings.Builder
	for _, hunk := range d.Hunks {
		fmt.Fprintf(&b, "@@ %d %d\n", hunk[0].Old, hunk[0].New)
		for _, line := range hunk {
			b.WriteString(string(" -+"[line.Kind]) + line.Text + "\n")
		}
	}
	return b.String()
}

func TestCompare(t *testing.T) {
	t.Parallel()
	cases := []struct {
		older, newer, want string
		added, removed     int
	}{
		{"a\n", "a\n", "", 0, 0},
		{"", "a\nb\n", "@@ 0 1\n+a\n+b\n", 2, 0},
		{"a\n", "", "@@ 1 0\n-a\n", 0, 1},
		{"a", "a\n", "@@ 1 0\n-a\n+a\n", 1, 1},
		{"a\r\nb\n", "a\nb\n", "@@ 1 0\n-a\n+a\n b\n", 1, 1},
		{
			"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", "1\n2\n3\n4\nnew\n5\n6\n7\n8\n9\n10\n",
			"@@ 2 2\n 2\n 3\n 4\n+new\n 5\n 6\n 7\n", 1, 0,
		},
		{
			"x\n2\n3\n4\n5\n6\n7\n8\n9\ny\n", "X\n2\n3\n4\n5\n6\n7\n8\n9\nY\n",
			"@@ 1 0\n-x\n+X\n 2\n 3\n 4\n@@ 7 7\n 7\n 8\n 9\n-y\n+Y\n", 2, 2,
		},
		{
			"x\n2\n3\n4\n5\n6\n7\ny\n", "X\n2\n3\n4\n5\n6\n7\nY\n",
			"@@ 1 0\n-x\n+X\n 2\n 3\n 4\n 5\n 6\n 7\n-y\n+Y\n", 2, 2,
		},
		{
			"const limit = 10;\n", "const limit = 25;\n",
			"@@ 1 0\n-const limit = 10;\n+const limit = 25;\n", 1, 1,
		},
		{
			"return größe(日本);\n", "return größe(東京);\n",
			"@@ 1 0\n-return größe(日本);\n+return größe(東京);\n", 1, 1,
		},
	}
	for _, c := range cases {
		d := Compare(c.older, c.newer)
		if got := picture(d); got != c.want || d.Added != c.added || d.Removed != c.removed {
			t.Errorf("%q, %q: +%d -%d\n%swant\n%s", c.older, c.newer, d.Added, d.Removed, got, c.want)
		}
	}
}

// The limit tells seconds from hours, also with the race detector on a busy machine.
func TestCompareTakesBoundedTime(t *testing.T) {
	t.Parallel()
	noise := func(seed uint64, lines, words int) string {
		random := rand.New(rand.NewPCG(seed, seed))
		var b strings.Builder
		for range lines {
			fmt.Fprintf(&b, "%d\n", random.IntN(words))
		}
		return b.String()
	}
	pairs := [][2]string{
		{noise(1, 200000, 10), noise(2, 200000, 10)},
		{noise(1, 100000, 1<<30), noise(2, 100000, 1<<30)},
		{strings.Repeat("a", 1<<20), strings.Repeat("b", 1<<20)},
		{strings.Repeat("\n", 1<<20), strings.Repeat("x\n", 1<<19)},
	}
	for i, pair := range pairs {
		began := time.Now()
		d := Compare(pair[0], pair[1])
		if took := time.Since(began); took > time.Minute || len(d.Hunks) == 0 {
			t.Errorf("pair %d took %s, %d hunks", i, took, len(d.Hunks))
		}
	}
}

// Whatever the texts, the hunks turn one into the other.
func FuzzCompare(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nx\nc")
	f.Add("", "\n\n")
	f.Add("a\r\n", "a\n")
	f.Fuzz(func(t *testing.T, older, newer string) {
		d := Compare(older, newer)
		lines := strings.SplitAfter(older, "\n")
		for _, h := range d.Hunks {
			for _, line := range h {
				if line.Kind != Added && strings.TrimRight(lines[line.Old-1], "\r\n") != strings.TrimRight(line.Text, "\r") {
					t.Fatalf("old line %d is %q, not %q", line.Old, lines[line.Old-1], line.Text)
				}
			}
		}
		if delta := strings.Count(newer, "\n") - strings.Count(older, "\n"); strings.HasSuffix(newer, "\n") && strings.HasSuffix(older, "\n") && d.Added-d.Removed != delta {
			t.Fatalf("+%d -%d, but the texts differ by %d lines", d.Added, d.Removed, delta)
		}
	})
}
