package seal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Dir is a folder with keys: a file each, of mode 0600. The one called current seals; those that
// it took the place of are called by their KeyID and open what they have sealed.
type Dir string

const (
	currentFile = "current.key"
	keyExt      = ".key"
)

// DirIn is the folder of keys in a data folder. It is made if it is not there.
func DirIn(dataDir string) (Dir, error) {
	dir := filepath.Join(dataDir, "keys")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("folder of keys: %w", err)
	}
	return Dir(dir), nil
}

// CurrentFile is where the key that seals is.
func (d Dir) CurrentFile() string { return filepath.Join(string(d), currentFile) }

// Make makes the first key, if there is none.
func (d Dir) Make() error {
	unlock, err := d.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(d.CurrentFile()); err == nil || !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return d.write(currentFile, Generate())
}

// Rotate puts a new key in the place of the current one, which is kept to open. It is safe to be
// interrupted, and to be done twice at once: what was sealed can be opened at every moment.
func (d Dir) Rotate() error {
	unlock, err := d.lock()
	if err != nil {
		return err
	}
	defer unlock()
	text, err := os.ReadFile(d.CurrentFile())
	if err != nil {
		return fmt.Errorf("rotate the key: there is none in %s; where PiCloud gets it from PICLOUD_SECRET_KEY, this command needs it too: %w", d, err)
	}
	old, err := parse(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("rotate the key in %s: %w", d.CurrentFile(), err)
	}
	if err := d.write(string(old.id)+keyExt, old.text); err != nil {
		return err
	}
	return d.write(currentFile, Generate())
}

// lock keeps others from changing the folder.
func (d Dir) lock() (unlock func(), err error) {
	folder, err := os.Open(string(d))
	if err == nil {
		err = unix.Flock(int(folder.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the folder of keys: %w", err)
	}
	return func() { folder.Close() }, nil
}

// write puts a file in its place when it is on the disk, and returns when that is, too.
func (d Dir) write(name, text string) error {
	fresh := filepath.Join(string(d), "new")
	file, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err == nil {
		_, err = file.WriteString(text + "\n")
		err = errors.Join(err, file.Sync(), file.Close())
	}
	if err == nil {
		err = os.Rename(fresh, filepath.Join(string(d), name))
	}
	if err == nil {
		err = d.sync()
	}
	if err != nil {
		return fmt.Errorf("write key %s: %w", name, err)
	}
	return nil
}

func (d Dir) sync() error {
	folder, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// changed is when a file was last added or replaced; zero: it cannot be told.
func (d Dir) changed() time.Time {
	info, err := os.Stat(string(d))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// keys reads all files, the current one first.
func (d Dir) keys() ([]key, error) {
	if d == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("folder of keys: %w", err)
	}
	var keys []key
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != keyExt {
			continue
		}
		text, err := os.ReadFile(filepath.Join(string(d), entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("read key: %w", err)
		}
		k, err := parse(strings.TrimSpace(string(text)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(string(d), entry.Name()), err)
		}
		if entry.Name() == currentFile {
			keys = slices.Insert(keys, 0, k)
		} else {
			k.retired = true
			keys = append(keys, k)
		}
	}
	return keys, nil
}
