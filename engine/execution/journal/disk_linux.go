package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// reserveDisk gives the file its size and its blocks.
func reserveDisk(file *os.File, size int64) error {
	err := unix.Fallocate(int(file.Fd()), 0, 0, size)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return file.Truncate(size)
	}
	return err
}

// giveBack takes pages out of the process's memory; their content stays in the file.
func giveBack(p []byte) { _ = unix.Madvise(p, unix.MADV_DONTNEED) }
