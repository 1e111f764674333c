package invoke

import "picloud/engine/id"

// shares says which run has what of the heap. What a run holds is known where it can be (see
// holding). What else the heap grew by from one collection to the next is a guess: each look
// notes how much was allocated while which runs executed for how long. What a run leaves may be
// there until a collection that began after its end, which is the second one from then; only
// what is there still is of no run.
type shares struct {
	runs, past  []*run // of this look and of the last
	looks       int64
	worked      int64    // nanoseconds that the runs executed since the last look
	began       bool     // there were runs at the last look
	known       int64    // bytes that the runs hold
	before      heap     // at the last look; live and known: at the last collection
	collectedAt uint64   // bytes ever allocated then
	base        int64    // bytes of no run
	gone        [2]int64 // bytes of runs that ended since the last collection, and before it
}

// heap is what it was at one look.
type heap struct {
	cycles, live, allocated uint64
	known                   int64 // of all runs
}

// begin starts a look at all runs.
func (s *shares) begin() {
	clear(s.past)
	s.runs, s.past = s.past[:0], s.runs
	s.looks, s.worked = s.looks+1, 0
}

// see looks at one run, which has executed so long in all.
func (s *shares) see(r *run, executed int64) {
	r.look, r.known = s.looks, r.held()
	r.worked, r.seen = max(0, executed-r.seen), max(executed, r.seen)
	s.worked += r.worked
	s.runs = append(s.runs, r)
}

// end shares out what the heap grew by.
func (s *shares) end(now heap) {
	for _, r := range s.past {
		if r.look != s.looks && r.isOver() {
			s.gone[0] += r.bytes()
		}
	}
	var guessed int64
	s.known = 0
	for _, r := range s.runs {
		s.known += r.known
		guessed += r.guessed
		if s.worked > 0 && s.began {
			r.recent += float64(now.allocated-s.before.allocated) * float64(r.worked) / float64(s.worked)
		}
	}
	now.known = s.known
	collected := now.cycles != s.before.cycles
	if collected {
		s.collectedAt = now.allocated
	}
	switch {
	case !s.began: // what came to the heap meanwhile is of no run
		if collected {
			s.gone = [2]int64{0, s.gone[0]}
		}
		s.base = int64(now.live) - s.left()
	case collected:
		s.grow(int64(now.live)-s.base-now.known-guessed-s.left(), guessed, now.known-s.before.known)
	default:
		now.live, now.known = s.before.live, s.before.known
	}
	s.began, s.before = len(s.runs) > 0, now
}

// grow shares out what the live heap has more than is accounted for, and what is there still of
// runs that ended long ago: others have filled their place. What it has less had first the runs
// that have ended, then those whose bytes were guessed. New buffers are known before a collection
// finds them, and dead ones for some time after it: they are no less.
func (s *shares) grow(more, guessed, buffers int64) {
	if more < 0 {
		more = min(0, more+max(0, buffers))
	}
	for i := len(s.gone) - 1; i >= 0 && more < 0; i-- {
		freed := min(-more, s.gone[i])
		s.gone[i] -= freed
		more += freed
	}
	more += s.gone[1]
	s.gone = [2]int64{0, s.gone[0]}
	shared := max(more, -guessed)
	s.base += more - shared
	var recent float64
	for _, r := range s.runs {
		recent += r.recent
	}
	for _, r := range s.runs {
		switch {
		case shared > 0 && recent > 0:
			r.guessed += int64(float64(shared) * r.recent / recent)
		case shared < 0:
			r.guessed += int64(float64(shared) * float64(r.guessed) / float64(guessed))
		}
		r.recent = 0
	}
	if shared > 0 && recent == 0 {
		s.base += shared
	}
}

// left is what runs that have ended may still have of the heap.
func (s *shares) left() int64 { return s.gone[0] + s.gone[1] }

// recent is how much was allocated since the last collection while runs of the app executed.
func (s *shares) recent() map[id.App]float64 {
	recent := map[id.App]float64{}
	for _, r := range s.runs {
		recent[r.Script.App] += r.recent
	}
	return recent
}

// has is what the runs of the apps have, in bytes.
func (s *shares) has() map[id.App]int64 {
	has := map[id.App]int64{}
	for _, r := range s.runs {
		has[r.Script.App] += r.bytes()
	}
	return has
}

// bytes is what the run had at the last look as far as it is known, and the rest as a guess.
func (r *run) bytes() int64 { return r.known + r.guessed }

func largest(apps map[id.App]int64) (most id.App, bytes int64) {
	bytes = -1
	for app, has := range apps {
		if has > bytes {
			most, bytes = app, has
		}
	}
	return most, bytes
}

// heaviest is the run of an app that has the most.
func (s *shares) heaviest(app id.App, has func(*run) int64) (most *run) {
	for _, r := range s.runs {
		if r.Script.App == app && (most == nil || has(r) > has(most) || has(r) == has(most) && r.seen > most.seen) {
			most = r
		}
	}
	return most
}
