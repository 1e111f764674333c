package db

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"picloud/engine/account"
)

// Lock keeps a data directory for one process.
type Lock struct{ file *os.File }

// LockDir takes the lock of a data directory of the account; it ends with the process. A
// directory that another process holds is refused with that process's number. Start
// takes it by itself.
func LockDir(dir string, owner account.Account) (*Lock, error) {
	path := filepath.Join(dir, "picloud.lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock the data directory %s: %w", dir, err)
		}
		holder, readErr := os.ReadFile(path)
		if readErr != nil || len(holder) == 0 {
			return nil, fmt.Errorf("the data directory %s is in use by another picloud", dir)
		}
		return nil, fmt.Errorf("the data directory %s is in use by another picloud (process %s)", dir, strings.TrimSpace(string(holder)))
	}
	if err := errors.Join(owner.Own(path), writePID(file)); err != nil {
		defer file.Close()
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	return &Lock{file: file}, nil
}

func writePID(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return err
}

// Unlock gives the directory back.
func (l *Lock) Unlock() error { return l.file.Close() }
