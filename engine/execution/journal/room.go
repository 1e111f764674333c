package journal

import "picloud/engine/id"

// bareSize is what a record takes up at most when its log and messages are left out, in
// bytes of the ring. So much is set aside for every call before it runs.
const bareSize = 4096

// Parts of a ring.
const (
	fatPart   = 2 // records larger than a bare one, all together
	appPart   = 4 // of those, one app
	guestPart = 4 // left to the calls that run by those that were refused
)

// room says who may put how much into the ring. A call that was admitted is promised a bare
// record, so that it leaves a row whatever others log; logs and messages have a part of the
// ring, of which an app has a part. It is guarded by the ring's mutex.
type room struct {
	size     uint64
	promised uint64
	fat      uint64 // bytes of records that are larger than a bare one
	apps     map[id.App]uint64
	larger   []largeRecord // in the order of the ring
}

type largeRecord struct {
	app       id.App
	end, size uint64
}

// left is the room that is neither used nor promised. A bare record's worth is kept back, for
// the pad before the end of the ring.
func (m *room) left(used uint64) uint64 {
	if taken := used + m.promised + bareSize; taken < m.size {
		return m.size - taken
	}
	return 0
}

// promise sets a bare record aside for a call; false: there is no room for its row.
func (m *room) promise(used uint64) bool {
	if m.left(used) < bareSize {
		return false
	}
	m.promised += bareSize
	return true
}

// allows tells whether a record of an app with this size and pad may come in; whoever was
// promised one gives the promise back with it.
func (m *room) allows(app id.App, size, pad, used uint64, promised bool) bool {
	left := m.left(used)
	if promised {
		left += bareSize
	}
	if size <= bareSize {
		return promised || left >= size+pad+m.size/guestPart
	}
	half := m.size / fatPart
	return size+pad <= left && m.fat+size <= half && m.apps[app]+size <= half/appPart
}

// took notes a record that ends at a position.
func (m *room) took(app id.App, size, end uint64, promised bool) {
	if promised {
		m.promised -= bareSize
	}
	if size > bareSize {
		m.fat += size
		m.apps[app] += size
		m.larger = append(m.larger, largeRecord{app: app, end: end, size: size})
	}
}

// gave notes that all before a position are written.
func (m *room) gave(to uint64) {
	n := 0
	for ; n < len(m.larger) && m.larger[n].end <= to; n++ {
		gone := m.larger[n]
		m.fat -= gone.size
		if m.apps[gone.app] -= gone.size; m.apps[gone.app] == 0 {
			delete(m.apps, gone.app)
		}
	}
	if m.larger = m.larger[n:]; len(m.larger) == 0 {
		m.larger = nil
	}
}
