package account

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Rights of Landlock (landlock(7)), by what a process does with them.
const (
	mayRead = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	mayKeep = mayRead | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
		unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE
	// ofFirst are all rights that the first version knows; later ones add to them.
	ofFirst = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1
)

// Confine lets this process open no file from now on but those below the folder, which it
// may read, make and remove, and those below the readable ones; of a readable path that is
// not there nothing is said. What is open stays open, and sockets can be reached. Nor can
// the process start a program or look into others of its user. It is false, and changes
// nothing, where the kernel has no Landlock, and in a binary with cgo.
func Confine(folder string, readable ...string) (bool, error) {
	version, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return false, nil
	}
	rules := unix.LandlockRulesetAttr{Handled_access_fs: ofFirst}
	if version >= 2 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	ruleset, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rules)), unsafe.Sizeof(rules.Handled_access_fs), 0)
	if errno != 0 {
		return false, fmt.Errorf("confine files: %w", errno)
	}
	defer syscall.Close(int(ruleset))
	if err := allow(ruleset, folder, mayKeep); err != nil {
		return false, err
	}
	for _, path := range readable {
		if err := allow(ruleset, path, mayRead); err != nil && !errors.Is(err, os.ErrNotExist) {
			return false, err
		}
	}
	_, _, errno = syscall.AllThreadsSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0, 0)
	if errors.Is(errno, syscall.ENOTSUP) {
		return false, nil
	}
	if errno != 0 {
		return false, fmt.Errorf("confine files: %w", errno)
	}
	return true, nil
}

// allow gives rights to a folder and all below it.
func allow(ruleset uintptr, folder string, rights uint64) error {
	at, err := unix.Open(folder, unix.O_PATH|unix.O_CLOEXEC|unix.O_DIRECTORY, 0)
	if err != nil {
		return fmt.Errorf("confine files to %s: %w", folder, err)
	}
	defer unix.Close(at)
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(at)}
	if _, _, errno := syscall.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, ruleset, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0); errno != 0 {
		return fmt.Errorf("confine files to %s: %w", folder, errno)
	}
	return nil
}
