//go:build !linux

package account

import (
	"fmt"
	"syscall"
)

// Child gives what a child process needs: the account when this process is root and a
// process group of its own. Signals at the parent's death exist only on Linux.
func (a Account) Child(syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: a.credential(), Setpgid: true}
}

// Drop turns this process into one of the account for good. It does nothing when the
// process is not root.
func (a Account) Drop() error {
	if !a.differs() {
		return nil
	}
	if err := syscall.Setgroups([]int{}); err != nil {
		return fmt.Errorf("become %s: setgroups: %w", a.Name, err)
	}
	if err := syscall.Setgid(a.GID); err != nil {
		return fmt.Errorf("become %s: setgid %d: %w", a.Name, a.GID, err)
	}
	if err := syscall.Setuid(a.UID); err != nil {
		return fmt.Errorf("become %s: setuid %d: %w", a.Name, a.UID, err)
	}
	return nil
}

// Confine is only on Linux.
func Confine(string, ...string) (bool, error) { return false, nil }

func confineThread() error { return nil }
