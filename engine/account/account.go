// Package account is the unprivileged account of the operating system that everything
// runs as when the service was started as root. Started by an ordinary user, that user
// is the account and nothing changes. The package hides how an account is found or
// made, how children get it and how they are made to end with their parent.
package account

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// userName is the account that is preferred, and made when it is missing, as root.
const userName = "picloud"

// systemDataRoot holds the data of installations whose own folder the account may not enter.
const systemDataRoot = "/var/lib/picloud"

// Account is a user and group of the operating system.
type Account struct {
	UID, GID int
	Name     string
}

// Choose finds the account to run as: the present user, or, when that is root, the user
// picloud (made when missing) and else nobody.
func Choose() (Account, error) {
	if os.Geteuid() == 0 {
		if _, err := lookup(userName); err != nil {
			_ = create() // else it is nobody
		}
	}
	return Find()
}

// Find is Choose that makes no user.
func Find() (Account, error) {
	if os.Geteuid() != 0 {
		return current(), nil
	}
	found, err := lookup(userName)
	if err == nil {
		return found, nil
	}
	found, err = lookup("nobody")
	if err != nil {
		return Account{}, fmt.Errorf("no unprivileged account: make one with \"useradd --system %s\": %w", userName, err)
	}
	return found, nil
}

func current() Account {
	chosen := Account{UID: os.Geteuid(), GID: os.Getegid(), Name: strconv.Itoa(os.Geteuid())}
	if u, err := user.Current(); err == nil {
		chosen.Name = u.Username
	}
	return chosen
}

func lookup(name string) (Account, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return Account{}, fmt.Errorf("look up user %s: %w", name, err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return Account{}, fmt.Errorf("user id %q of %s: %w", u.Uid, name, err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return Account{}, fmt.Errorf("group id %q of %s: %w", u.Gid, name, err)
	}
	if uid == 0 {
		return Account{}, fmt.Errorf("user %s is root", name)
	}
	return Account{UID: uid, GID: gid, Name: name}, nil
}

func create() error {
	path, err := exec.LookPath("useradd")
	if err != nil {
		path = "/usr/sbin/useradd"
	}
	out, err := exec.Command(path, "--system", "--user-group", "--no-create-home",
		"--home-dir", systemDataRoot, "--shell", "/usr/sbin/nologin", userName).CombinedOutput()
	if err != nil {
		return fmt.Errorf("useradd %s: %s: %w", userName, out, err)
	}
	return nil
}

// differs is true when this process is root and the account is another.
func (a Account) differs() bool { return os.Geteuid() == 0 && a.UID != 0 }

// Own gives a file or folder to the account; it does nothing unless this process is root.
func (a Account) Own(path string) error {
	if !a.differs() {
		return nil
	}
	if err := os.Lchown(path, a.UID, a.GID); err != nil {
		return fmt.Errorf("give %s to %s: %w", path, a.Name, err)
	}
	return nil
}

// CanEnter tells whether a process of the account can have the folder as its working
// directory. It asks the kernel by starting one, so that every rule counts.
func (a Account) CanEnter(folder string) bool {
	if !a.differs() {
		info, err := os.Stat(folder)
		return err == nil && info.IsDir()
	}
	cmd := exec.Command("/bin/sh", "-c", ":")
	cmd.Dir = folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential()}
	return cmd.Run() == nil
}

func (a Account) credential() *syscall.Credential {
	if !a.differs() {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.UID), Gid: uint32(a.GID)}
}

// DataDir makes the wanted data folder (mode 0700, owned by the account) and returns its
// absolute path. A folder with files of others is refused and left as it is. Where the account cannot enter the path, as in a clone below /root, it
// takes /var/lib/picloud/<first 12 digits of the SHA-256 of the path> and moved is true.
func (a Account) DataDir(wanted string) (dir string, moved bool, err error) {
	if dir, moved, err = a.Place(wanted); err != nil {
		return "", false, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", moved, fmt.Errorf("data directory: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", moved, fmt.Errorf("data directory: %w", err)
	}
	if err := a.claim(dir); err != nil {
		return "", moved, err
	}
	return dir, moved, nil
}

// Place is the path that DataDir would take; it makes nothing.
func (a Account) Place(wanted string) (dir string, moved bool, err error) {
	dir, err = filepath.Abs(wanted)
	if err != nil {
		return "", false, fmt.Errorf("data directory %s: %w", wanted, err)
	}
	if a.differs() && !a.CanEnter(nearest(filepath.Dir(dir))) {
		sum := sha256.Sum256([]byte(dir))
		return filepath.Join(systemDataRoot, hex.EncodeToString(sum[:6])), true, nil
	}
	return dir, false, nil
}

// claim takes a folder that is root's or already ours; another user's it leaves alone.
func (a Account) claim(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("data directory %s is not a folder", dir)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		if owner := int(stat.Uid); owner != a.UID && (owner != 0 || !a.differs()) {
			return fmt.Errorf("data directory %s belongs to user id %d, but this service runs as %s (%d): start it as that user, or give it away with chown -R", dir, owner, a.Name, a.UID)
		}
	}
	if err := mayTake(dir); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	return a.Own(dir)
}

// mayTake is nil when a folder has data of an earlier start in it, or nothing but what an
// operator or a file system puts there before the first one.
func mayTake(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	foreign := ""
	for _, entry := range entries {
		switch entry.Name() {
		case "picloud.lock", "postgres-password-manager":
			return nil
		case "postgresql.local.conf", "lost+found":
		default:
			foreign = entry.Name()
		}
	}
	if foreign != "" {
		return fmt.Errorf("data directory %s has other files in it, such as %s: name a folder that is empty, not there yet, or made by PiCloud", dir, foreign)
	}
	return nil
}

// nearest is the closest folder on the way up that exists.
func nearest(path string) string {
	for {
		if _, err := os.Stat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}
