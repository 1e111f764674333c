package account

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

// noNewPrivs is PR_SET_NO_NEW_PRIVS of prctl(2), which package syscall does not name.
const noNewPrivs = 38

// Child gives what a child process needs: the account when this process is root, a
// process group of its own, so that a Ctrl-C in the terminal reaches only us, and the
// signal it gets when the thread that started it ends (use a Starter; 0 is none).
func (a Account) Child(onParentDeath syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Credential: a.credential(),
		Setpgid:    true,
		Pdeathsig:  onParentDeath,
	}
}

// Drop turns this process into one of the account for good: groups, group, user, no new
// privileges. It stays dumpable, so that its children can open /proc/self/exe, and keeps
// the signal for its parent's death, which the kernel clears when a user changes. It
// does nothing but forbid new privileges when the process is not root.
func (a Account) Drop() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var onParentDeath int32
	if a.differs() {
		if err := prctl(syscall.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&onParentDeath))); err != nil {
			return err
		}
		if err := a.become(); err != nil {
			return fmt.Errorf("become %s: %w", a.Name, err)
		}
		if err := prctl(syscall.PR_SET_DUMPABLE, 1); err != nil {
			return err
		}
		if onParentDeath != 0 {
			if err := prctl(syscall.PR_SET_PDEATHSIG, uintptr(onParentDeath)); err != nil {
				return err
			}
		}
	}
	// With cgo (race builds) the runtime cannot reach all threads; this one then has it,
	// and so have the children it starts.
	_, _, errno := syscall.AllThreadsSyscall6(syscall.SYS_PRCTL, noNewPrivs, 1, 0, 0, 0, 0)
	if errors.Is(errno, syscall.ENOTSUP) {
		return prctl(noNewPrivs, 1)
	}
	if errno != 0 {
		return fmt.Errorf("forbid new privileges: %w", errno)
	}
	return nil
}

// confineThread forbids new privileges to this thread and the processes it starts.
func confineThread() error {
	if err := prctl(noNewPrivs, 1); err != nil {
		return fmt.Errorf("forbid new privileges: %w", err)
	}
	return nil
}

func (a Account) become() error {
	if err := syscall.Setgroups([]int{}); err != nil {
		return fmt.Errorf("setgroups: %w", err)
	}
	if err := syscall.Setgid(a.GID); err != nil {
		return fmt.Errorf("setgid %d: %w", a.GID, err)
	}
	if err := syscall.Setuid(a.UID); err != nil {
		return fmt.Errorf("setuid %d: %w", a.UID, err)
	}
	return nil
}

func prctl(option int, argument uintptr) error {
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, uintptr(option), argument, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("prctl %d: %w", option, errno)
	}
	return nil
}
