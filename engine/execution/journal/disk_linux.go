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

// punch gives blocks of the file back to the disk; it reads as zeros there.
func punch(file *os.File, at, size int64) error {
	err := unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, at, size)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return nil
	}
	return err
}

// giveBack takes pages out of the process's memory; their content stays in the file.
func giveBack(p []byte) { _ = unix.Madvise(p, unix.MADV_DONTNEED) }
