package bundle

import (
	"fmt"
	"os"
	"syscall"
)

// limit lets the address space grow by buildMemory from here, since the Go runtime
// reserves far more than it uses, and lets no more files be opened.
func limit() error {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	var pages uint64
	if _, err := fmt.Sscan(string(statm), &pages); err != nil {
		return fmt.Errorf("read the size of the address space: %w", err)
	}
	size := pages*uint64(os.Getpagesize()) + buildMemory
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: size, Max: size}); err != nil {
		return fmt.Errorf("limit the address space: %w", err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("limit open files: %w", err)
	}
	return nil
}
