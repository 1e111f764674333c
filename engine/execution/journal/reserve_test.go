package journal

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A journal that was reserved is made where it is, and needs no more of the disk.
func TestReservedJournal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "j")
	stat := func() (s unix.Stat_t) {
		t.Helper()
		if err := unix.Stat(path, &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if err := os.WriteFile(path, []byte("of another size"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Reserve(path, 8, 1<<20); err != nil {
		t.Fatal(err)
	}
	reserved := stat()
	if err := Reserve(path, 8, 1<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrNone) {
		t.Errorf("it is a journal already: %v", err)
	}
	j, err := Create(path, 8, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for range 8 {
		j.Begin(testEntry())
	}
	j.NoSlot().Finish(testRecord(testEntry()))
	if made := stat(); made.Ino != reserved.Ino || made.Size != reserved.Size || made.Blocks > reserved.Blocks {
		t.Errorf("reserved %d with %d bytes in %d blocks, made %d with %d bytes in %d", reserved.Ino, reserved.Size, reserved.Blocks, made.Ino, made.Size, made.Blocks)
	}
	outside, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	if n := len(records(t, outside)); n != 1 {
		t.Errorf("%d records", n)
	}
}

// What is reserved for other sizes, or in use, is not taken.
func TestReservedForOthers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "j")
	if err := Reserve(path, 8, 1<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, 900, 1<<20); !errors.Is(err, fs.ErrExist) {
		t.Errorf("of another size: %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	j, err := Create(path, 8, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, 8, 1<<20); err == nil {
		t.Error("two have it")
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, 8, 1<<20); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a journal with runs: %v", err)
	}
}

// The journal of a dead process keeps its records and gives its room back, wherever in the ring
// they are.
func TestShrunkenJournal(t *testing.T) {
	t.Parallel()
	const size, left = 1 << 20, 50
	for name, sent := range map[string]int{"at its beginning": left, "in its midst": 500, "over its end": math.MaxInt} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "j")
			j, err := Create(path, 8, size)
			if err != nil {
				t.Fatal(err)
			}
			record := testRecord(testEntry())
			var ends []uint64
			for crossed := false; len(ends) < sent && !crossed; {
				j.NoSlot().Finish(record)
				if ends = append(ends, j.ring.head.Load()); len(ends) > left {
					j.Advance(ends[len(ends)-1-left])
				}
				from, to := j.Unwritten()
				crossed = to%size < from%size && to%size > 0
			}
			if err := Shrink(path); !errors.Is(err, ErrInUse) {
				t.Errorf("while its process lives: %v", err)
			}
			before := records(t, j)
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			if err := Shrink(path); err != nil {
				t.Fatal(err)
			}
			dead, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer dead.Close()
			if after := records(t, dead); len(after) != left || len(before) != left {
				t.Errorf("lost row: %d records, %d before, want %d", len(after), len(before), left)
			}
			var now unix.Stat_t
			if err := unix.Stat(path, &now); err != nil {
				t.Fatal(err)
			}
			if taken := now.Blocks * 512; taken > dead.Pending()+64<<10 {
				t.Errorf("%d bytes on disk for %d", taken, dead.Pending())
			}
		})
	}
}
