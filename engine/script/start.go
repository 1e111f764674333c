package script

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"picloud/engine/id"
	"picloud/engine/outbound"
	"picloud/engine/variable"
)

// Start is a folder with what a worker needs to start while the database does not answer: all
// that is live, and the programs that were published last. The manager keeps it, workers read
// it. Each file is replaced whole and says what it must hold, so that a damaged one, or one of
// another version, is as good as none.
//
//	routes              startHead, the SHA-256 of what follows, kept as gob
//	<SHA-256>.program   a program; its name is its hash
type Start string

// StartIn is the folder in a data folder. It is made if it is not there.
func StartIn(dataDir string) (Start, error) {
	dir := filepath.Join(dataDir, "start")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("folder for the start of workers: %w", err)
	}
	return Start(dir), nil
}

const (
	startHead  = "picloud start 2\n"
	startBytes = 64 << 20 // of programs
	startRetry = 10 * time.Second
)

var (
	errStart   = errors.New("they are damaged, or of another version")
	errNoStart = errors.New("there is no folder to start from")
)

// kept is a table in the file of routes.
type kept struct {
	Apps     []keptApp
	OldSlugs map[string]id.App
}

type keptApp struct {
	ID       id.App
	Slug     string
	Live     []Live
	OldNames map[string]string
	Paused   map[[32]byte]bool
	Aside    bool
	Values   []variable.Row // secrets are sealed
	Outbound *outbound.Policy
}

// Keep writes the folder anew whenever the table changes, until ctx ends.
func (s Start) Keep(ctx context.Context, table *Table, programs *Programs) error {
	for failed := false; ; {
		err := s.write(ctx, table.state.Load(), programs)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !failed {
			slog.Warn("workers could not start as things are now if the database did not answer", "error", err)
		}
		var again <-chan time.Time
		if failed = err != nil; failed {
			again = time.After(startRetry)
		}
		select {
		case <-table.changed:
		case <-again:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s Start) write(ctx context.Context, now *state, programs *Programs) error {
	var routes bytes.Buffer
	if err := gob.NewEncoder(&routes).Encode(now.kept()); err != nil {
		return fmt.Errorf("encode routes: %w", err)
	}
	sum := sha256.Sum256(routes.Bytes())
	if err := s.replace("routes", []byte(startHead), sum[:], routes.Bytes()); err != nil {
		return err
	}
	there, err := s.programs()
	if err != nil {
		return err
	}
	wanted, bytes := map[string]bool{}, int64(0)
	for _, live := range now.newestFirst() {
		name := programFile(live.Hash)
		if wanted[name] {
			continue
		}
		size, found := there[name]
		if !found {
			text, err := programs.Load(ctx, live.VersionID, live.Hash)
			if err != nil {
				return err
			}
			if size = int64(len(text)); bytes+size <= startBytes {
				if err := s.replace(name, []byte(text)); err != nil {
					return err
				}
			}
		}
		if bytes += size; bytes > startBytes {
			break
		}
		wanted[name] = true
	}
	for name := range there {
		if !wanted[name] {
			_ = os.Remove(s.path(name))
		}
	}
	return nil
}

// programs are the sizes of the files of programs by name.
func (s Start) programs() (map[string]int64, error) {
	entries, err := os.ReadDir(string(s))
	if err != nil {
		return nil, fmt.Errorf("read programs: %w", err)
	}
	sizes := make(map[string]int64, len(entries))
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && filepath.Ext(entry.Name()) == programExt {
			sizes[entry.Name()] = info.Size()
		}
	}
	return sizes, nil
}

const programExt = ".program"

func programFile(hash [32]byte) string { return hex.EncodeToString(hash[:]) + programExt }

func (s Start) path(name string) string { return filepath.Join(string(s), name) }

// replace writes a file beside the old one and, when it is on the disk, puts it in its place.
func (s Start) replace(name string, parts ...[]byte) error {
	fresh := s.path("new")
	file, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err == nil {
		_, err = file.Write(bytes.Join(parts, nil))
		err = errors.Join(err, file.Sync(), file.Close())
	}
	if err == nil {
		err = os.Rename(fresh, s.path(name))
	}
	if err != nil {
		_ = os.Remove(fresh)
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// program gives a program, if it is there and whole.
func (s Start) program(hash [32]byte) (text string, found bool) {
	if s == "" {
		return "", false
	}
	data, err := os.ReadFile(s.path(programFile(hash)))
	if err != nil || sha256.Sum256(data) != hash {
		return "", false
	}
	return string(data), true
}

// Restore fills a table with what the folder has, until the table is refreshed.
func (t *Table) Restore(from Start) error {
	if from == "" {
		return errNoStart
	}
	data, err := os.ReadFile(from.path("routes"))
	if err != nil {
		return fmt.Errorf("read routes: %w", err)
	}
	data, ours := bytes.CutPrefix(data, []byte(startHead))
	if !ours || len(data) < sha256.Size || sha256.Sum256(data[sha256.Size:]) != [32]byte(data[:sha256.Size]) {
		return fmt.Errorf("read routes: %w", errStart)
	}
	var read kept
	if err := gob.NewDecoder(bytes.NewReader(data[sha256.Size:])).Decode(&read); err != nil {
		return fmt.Errorf("read routes: %w", errors.Join(errStart, err))
	}
	t.refreshing.Lock()
	defer t.refreshing.Unlock()
	if !t.changes.known {
		t.state.Store(t.stateOf(&read))
		t.restored.Store(true)
	}
	return nil
}

// Restored tells that the table is as the manager left it, for want of an answer from the database.
func (t *Table) Restored() bool { return t.restored.Load() }

func (s *state) kept() *kept {
	all := &kept{OldSlugs: s.oldSlugs}
	for app, tenant := range s.apps {
		one := keptApp{ID: app, Slug: tenant.slug, OldNames: tenant.oldNames, Paused: tenant.paused, Aside: tenant.aside, Values: tenant.values.Rows()}
		if tenant.outbound != nil {
			one.Outbound = &tenant.outbound.kept
		}
		for _, live := range tenant.live {
			one.Live = append(one.Live, *live)
		}
		all.Apps = append(all.Apps, one)
	}
	return all
}

func (t *Table) stateOf(k *kept) *state {
	s := &state{slugs: make(map[string]id.App, len(k.Apps)), oldSlugs: k.OldSlugs, apps: make(map[id.App]*tenant, len(k.Apps))}
	for _, app := range k.Apps {
		one := &tenant{slug: app.Slug, oldNames: app.OldNames, paused: app.Paused, aside: app.Aside, live: make(map[string]*Live, len(app.Live))}
		if len(app.Values) > 0 {
			one.values = variable.NewValues(app.ID, app.Values, t.keys, t.uses)
		}
		if app.Outbound != nil {
			one.outbound = parsedPolicy(app.ID, *app.Outbound)
		}
		for _, live := range app.Live {
			live.env, live.outbound = one.values.Of(live.Script), one.outbound
			live.Capture = policy(string(live.Capture))
			one.live[live.Name] = &live
		}
		s.slugs[app.Slug], s.apps[app.ID] = app.ID, one
	}
	return s
}

// newestFirst are the versions that are live, the last published first.
func (s *state) newestFirst() []*Live {
	var all []*Live
	for _, tenant := range s.apps {
		for _, live := range tenant.live {
			all = append(all, live)
		}
	}
	slices.SortFunc(all, func(a, b *Live) int { return bytes.Compare(b.VersionID[:], a.VersionID[:]) })
	return all
}
