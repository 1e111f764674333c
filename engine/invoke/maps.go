package invoke

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"picloud/engine/bundle"
	"picloud/engine/id"
)

// maps keeps the source maps of versions whose runs failed of late, so that a function that
// fails often asks the database once. Runs that wait for one hold a slot of the journal, so
// only so many may; the others are recorded with no places.
type maps struct {
	load func(context.Context, id.Version) (string, error)

	mu      sync.Mutex
	kept    map[id.Version]keptMap
	bytes   int
	flight  singleflight.Group
	waiting atomic.Int32
}

type keptMap struct {
	places bundle.SourceMap
	bytes  int
	err    error
	until  time.Time // of an error
}

const (
	mapsBytes   = 4 << 20 // of text; decoded it is some ten times that
	mapsWaiting = 64
	mapRetry    = time.Second // after a failure
)

var errMapsBusy = errors.New("too many runs wait for their source maps")

func newMaps(load func(context.Context, id.Version) (string, error)) *maps {
	return &maps{load: load, kept: make(map[id.Version]keptMap)}
}

// of gives the map of a version, within loadLimit.
func (m *maps) of(version id.Version) (bundle.SourceMap, error) {
	if found, there := m.known(version); there {
		return found.places, found.err
	}
	defer m.waiting.Add(-1)
	if m.waiting.Add(1) > mapsWaiting {
		return bundle.SourceMap{}, errMapsBusy
	}
	read, _, _ := m.flight.Do(string(version[:]), func() (any, error) {
		if found, there := m.known(version); there { // another flight has just landed
			return found, nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), loadLimit)
		defer cancel()
		text, err := m.load(ctx, version)
		read := keptMap{bytes: len(text), err: err, until: time.Now().Add(mapRetry)}
		if err == nil {
			read.places = bundle.ReadMap(text)
		}
		m.keep(version, read)
		return read, nil
	})
	got := read.(keptMap)
	return got.places, got.err
}

func (m *maps) known(version id.Version) (found keptMap, there bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, there = m.kept[version]
	return found, there && (found.err == nil || time.Now().Before(found.until))
}

// keep makes room by taking out others, whichever come first.
func (m *maps) keep(version id.Version, read keptMap) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes += read.bytes - m.kept[version].bytes
	m.kept[version] = read
	for other, has := range m.kept {
		if m.bytes <= mapsBytes && len(m.kept) <= mapsWaiting {
			return
		}
		if other != version {
			m.bytes -= has.bytes
			delete(m.kept, other)
		}
	}
}
