package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Reserve takes the room for a journal on disk, so that Create can make one there though the
// disk is full by then. A file that was reserved before is kept, one of another size replaced.
func Reserve(path string, slots, ringBytes int) error {
	if err := checkLayout(slots, ringBytes); err != nil {
		return err
	}
	there, err := take(path, slots, ringBytes)
	if err == nil {
		return there.Close()
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("journal: %w", err)
	}
	fresh := path + ".new" // who takes it finds it whole
	_ = os.Remove(fresh)
	made, err := reserve(fresh, slots, ringBytes)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return errors.Join(os.Rename(fresh, path), made.Close())
}

// reserve makes a file with room for a journal; it is locked.
func reserve(path string, slots, ringBytes int) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	layout := current()
	size := int64(layout.fileSize(slots, ringBytes))
	if err = lock(file); err == nil {
		err = reserveDisk(file, size)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("room of %d bytes: %w", size, err), file.Close(), os.Remove(path))
	}
	return file, nil
}

// take locks a file that was reserved for such a journal and in which none was made.
func take(path string, slots, ringBytes int) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := untouched(file, slots, ringBytes); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return file, nil
}

var errTaken = fmt.Errorf("%w and was not reserved for this", fs.ErrExist)

func untouched(file *os.File, slots, ringBytes int) error {
	if err := lock(file); err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	layout := current()
	var head [8]byte
	if info.Size() != int64(layout.fileSize(slots, ringBytes)) {
		return errTaken
	}
	if _, err := file.ReadAt(head[:], atMagic); err != nil || head != [8]byte{} {
		return errors.Join(errTaken, err)
	}
	return nil
}

func lock(file *os.File) error {
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}

// Shrink gives the room back that the journal of a dead process does not need: most of its
// ring, as a rule. It can be recovered as before.
func Shrink(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	j, err := readJournal(file)
	if err != nil {
		return errors.Join(fmt.Errorf("journal %s: %w", path, err), file.Close())
	}
	defer j.Close()
	if err := j.OwnerGone(); err != nil {
		return fmt.Errorf("journal %s: %w", path, err)
	}
	begin, size := int64(j.form.ringAt(j.slots)), int64(j.ring.size)
	from, to := j.Unwritten()
	first, behind := int64(from%j.ring.size), int64(to%j.ring.size)
	var free [][2]int64
	switch {
	case from == to:
		free = [][2]int64{{0, size}}
	case first < behind:
		free = [][2]int64{{0, first}, {behind, size}}
	case first > behind:
		free = [][2]int64{{behind, first}}
	}
	for _, part := range free {
		if part[0] == part[1] {
			continue
		}
		if err := punch(file, begin+part[0], part[1]-part[0]); err != nil {
			return fmt.Errorf("journal %s: %w", path, err)
		}
	}
	return nil
}
