package journal

import (
	"errors"
	"io/fs"
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
