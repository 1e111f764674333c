package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"picloud/engine/execution/journal"
	"picloud/engine/fault"
)

// Supervisor runs workers, one serving at a time.
type Supervisor struct {
	settings Settings

	mu       sync.Mutex
	serving  *process
	starting *process      // has read its routes, perhaps, and may serve any moment
	changed  chan struct{} // closed and renewed when serving changes
	hanging  []*process    // left because they hang, oldest first
	journals map[*process]*journal.Journal
	owing    int // journals of the dead that wait for their rows

	settled chan struct{} // has an entry when one of these has got them
	hold    time.Duration // how long too many that wait hold up a restart; doubling

	reserving sync.Mutex     // the spare journal is being made
	gone      sync.WaitGroup // recoveries under way
}

// New makes a supervisor; Run does the work.
func New(settings Settings) *Supervisor {
	return &Supervisor{
		settings: settings, changed: make(chan struct{}), journals: make(map[*process]*journal.Journal),
		settled: make(chan struct{}, 1), hold: owingFirst,
	}
}

// Run keeps a worker serving until ctx ends, then lets it finish and returns. Who died is
// replaced at once, who hangs serves until the next one does; one that does not start is tried
// again later, and all are while too many of the dead wait for their rows.
func (s *Supervisor) Run(ctx context.Context) error {
	if err := s.recoverLeftOvers(ctx); err != nil {
		return err
	}
	s.reserve() // also when one is there, which may be of another size
	s.settings.Accept(true)
	backoff, hold := restartFirst, s.hold
	for number := 1; ctx.Err() == nil; number++ {
		if hold = s.awaitRows(ctx, hold); ctx.Err() != nil {
			break
		}
		p, err := start(ctx, s.settings, number, s.begin)
		if err != nil {
			if ctx.Err() == nil {
				slog.Error("worker did not start", "error", err)
			}
			s.serve(nil)
			lasting, done := outlive(ctx, recoverLimit)
			s.recoverOf(lasting, p) // it ran nothing, so this waits for no database
			done()
			s.reserve() // it may have taken the one that was there
			wait(ctx, backoff)
			backoff = min(backoff*2, restartLast)
			continue
		}
		backoff = restartFirst
		s.serve(p)
		s.gone.Go(s.reserve)
		level := slog.LevelInfo
		if number == 1 {
			level = slog.LevelDebug // who has just started PiCloud was told where it is
		}
		slog.Log(ctx, level, "worker ready", "worker", number, "pid", p.cmd.Process.Pid)
		s.watch(ctx, p)
	}
	s.serve(nil)
	s.gone.Wait()
	_ = os.Remove(s.settings.spare())
	return nil
}

// reserve makes the journal of the next worker, which may have to start while the disk is full.
func (s *Supervisor) reserve() {
	if !s.reserving.TryLock() {
		return
	}
	defer s.reserving.Unlock()
	config := &s.settings.Worker
	if err := journal.Reserve(s.settings.spare(), config.JournalSlots, config.RingSize); err != nil {
		slog.Warn("no journal could be made ahead; a worker that starts while the disk is full does not", "error", err)
	}
}

// watch returns when another has to serve: p died, hangs or is silent, or the product stops. What is
// left to do with p goes on behind.
func (s *Supervisor) watch(ctx context.Context, p *process) {
	journal := s.openJournal(p)
	tick := time.NewTicker(watchPeriod)
	defer tick.Stop()
	watching, enough := context.WithCancel(ctx)
	defer enough()
	silent := p.silence(watching, pingPeriod, silenceLimit)
	for {
		select {
		case <-p.exited:
		case <-ctx.Done():
		case <-silent:
			slog.Warn("worker answers nothing; replacing it", "worker", p.number)
			p.silent.Store(true)
		case now := <-tick.C:
			if journal == nil || overdue(journal, now) == 0 {
				continue
			}
			slog.Warn("worker hangs; replacing it", "worker", p.number)
			p.hung.Store(true)
		}
		s.bury(ctx, p, journal)
		return
	}
}

// makeRoom kills the one that has hung longest when too many do: each holds a processor
// and its memory for as long as other calls are under way in it.
func (s *Supervisor) makeRoom(hangs *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hanging = append(s.hanging, hangs)
	s.hanging = slices.DeleteFunc(s.hanging, (*process).dead)
	for ; len(s.hanging) > mostHanging; s.hanging = s.hanging[1:] {
		s.hanging[0].kill()
	}
}

// overdue counts the runs that ignored their deadline.
func overdue(journal *journal.Journal, now time.Time) int {
	n := 0
	for run := range journal.Running() {
		if now.After(run.Deadline.Add(hangGrace)) {
			n++
		}
	}
	return n
}

// bury lets a worker that hangs serve until another does, asks it to leave, kills it once
// only hung runs are left in it or its time is over, and recovers its journal. It does not
// hold up its caller.
func (s *Supervisor) bury(ctx context.Context, p *process, journal *journal.Journal) {
	dead := p.dead()
	if dead {
		s.owe(1)
	}
	s.gone.Go(func() {
		s.awaitNext(ctx, p)
		p.leave()
		switch {
		case p.silent.Load():
			p.kill()
		case p.hung.Load():
			s.makeRoom(p)
		}
		s.awaitExit(p, journal)
		if !dead {
			s.owe(1)
		}
		s.closeJournal(p)
		s.settle(ctx, p)
	})
}

// settle recovers the journal of a process that is gone, and is owed.
func (s *Supervisor) settle(ctx context.Context, p *process) {
	lasting, done := outlive(ctx, recoverLimit)
	defer done()
	if err := journal.Shrink(p.journal); err != nil {
		slog.Debug("journal not shrunk", "worker", p.number, "error", err)
	}
	s.reserve() // there may be room now
	s.recoverOf(lasting, p)
	s.owe(-1)
	select {
	case s.settled <- struct{}{}:
	default:
	}
}

func (s *Supervisor) owe(difference int) (owing int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owing += difference
	return s.owing
}

// awaitRows holds restarts up while too many journals wait for their rows: each takes room on
// the disk, and while the database stands still a function that kills its worker again and
// again would fill it.
func (s *Supervisor) awaitRows(ctx context.Context, hold time.Duration) (next time.Duration) {
	owing := s.owe(0)
	if owing < mostOwing {
		return s.hold
	}
	slog.Warn("the next worker waits for the rows of dead ones", "journals", owing, "at most", hold)
	over := time.NewTimer(hold)
	defer over.Stop()
	for s.owe(0) >= mostOwing {
		select {
		case <-s.settled:
		case <-over.C:
			return min(2*hold, owingLast)
		case <-ctx.Done():
			return hold
		}
	}
	return hold
}

// awaitNext waits until p serves no longer.
func (s *Supervisor) awaitNext(ctx context.Context, p *process) {
	for {
		s.mu.Lock()
		serving, changed := s.serving == p, s.changed
		s.mu.Unlock()
		if !serving {
			return
		}
		select {
		case <-changed:
		case <-p.exited:
			s.retire(p)
		case <-ctx.Done():
			s.retire(p)
		}
	}
}

func (s *Supervisor) awaitExit(p *process, journal *journal.Journal) {
	tick := time.NewTicker(watchPeriod)
	defer tick.Stop()
	limit := time.After(s.settings.Worker.Limits.Wall + leaveGrace)
	for {
		select {
		case <-p.exited:
			return
		case <-limit:
			p.kill()
		case now := <-tick.C:
			if journal == nil {
				continue
			}
			late, running := overdue(journal, now), 0
			for range journal.Running() {
				running++
			}
			if late > 0 && late == running {
				p.hung.Store(true)
				p.kill()
			}
		}
	}
}

func (s *Supervisor) recoverOf(ctx context.Context, p *process) {
	if p == nil {
		return
	}
	death := p.death()
	if err := s.settings.Recover(ctx, p.journal, death); err != nil {
		slog.Error("journal not recovered; it is tried again at the next start", "journal", filepath.Base(p.journal), "error", err)
	}
	if !p.failed && (!p.leaving.Load() || death.Trace != "") { // who never was ready was told of by Run
		slog.Error("worker died", "worker", p.number, "why", death.Why, "slot", death.Slot, "state", p.cmd.ProcessState, "said", p.lastLine())
	}
	_ = os.Remove(p.socket)
}

// recoverLeftOvers does for the journals of an earlier life what recoverOf does for ours.
func (s *Supervisor) recoverLeftOvers(ctx context.Context) error {
	found, err := filepath.Glob(filepath.Join(s.settings.Directory, "worker-*.journal"))
	if err != nil {
		return fmt.Errorf("find journals: %w", err)
	}
	sockets, err := filepath.Glob(filepath.Join(s.settings.Directory, "worker-*.sock"))
	if err != nil {
		return fmt.Errorf("find sockets: %w", err)
	}
	for _, socket := range sockets { // one in the way would keep a worker of the same name from starting
		_ = os.Remove(socket)
	}
	for _, journal := range found {
		death := Death{Slot: -1, Why: "PiCloud was stopped from outside"}
		if err := s.settings.Recover(ctx, journal, death); err != nil {
			return fmt.Errorf("recover %s: %w", filepath.Base(journal), err)
		}
	}
	return nil
}

func (s *Supervisor) begin(p *process) {
	s.mu.Lock()
	s.starting = p
	s.mu.Unlock()
}

// serve says who serves from now on; nil: nobody, so the manager itself accepts.
func (s *Supervisor) serve(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starting = nil
	s.change(p)
}

// retire ends p's serving, if it still does.
func (s *Supervisor) retire(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serving == p {
		s.change(nil)
	}
}

func (s *Supervisor) change(p *process) {
	s.serving = p
	close(s.changed)
	s.changed = make(chan struct{})
	s.settings.Accept(p == nil)
}

// Ready tells whether a worker serves.
func (s *Supervisor) Ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serving != nil
}

// Restored tells whether the worker that serves had no answer from the database since it
// started, when it last said so.
func (s *Supervisor) Restored() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serving != nil && s.serving.restored.Load()
}

// Check fails while no worker serves.
func (s *Supervisor) Check(context.Context) error {
	if !s.Ready() {
		return errors.New("no worker is ready")
	}
	return nil
}

// current waits for a serving worker.
func (s *Supervisor) current(ctx context.Context) (*process, error) {
	for {
		s.mu.Lock()
		p, changed := s.serving, s.changed
		s.mu.Unlock()
		if p != nil {
			return p, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fault.New(fault.Unavailable, "No worker is ready. Try again in a moment.").Because(ctx.Err())
		}
	}
}

// outlive gives a context that ends some time after ctx does.
func outlive(ctx context.Context, by time.Duration) (context.Context, func()) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		wait(lasting, by)
		cancel()
	})
	return lasting, func() { stop(); cancel() }
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
