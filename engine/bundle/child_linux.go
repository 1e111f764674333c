package bundle

import (
	"fmt"
	"os"
	"syscall"
)

// limitMemory lets the address space grow by buildMemory from here. The Go runtime
// reserves far more than it uses, so the limit counts from what is there.
func limitMemory() error {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	var pages uint64
	if _, err := fmt.Sscan(string(statm), &pages); err != nil {
		return fmt.Errorf("read the size of the address space: %w", err)
	}
	limit := pages*uint64(os.Getpagesize()) + buildMemory
	return syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: limit})
}
