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

	"picloud/engine/execution"
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

	gone sync.WaitGroup // recoveries under way
}

// New makes a supervisor; Run does the work.
func New(settings Settings) *Supervisor {
	return &Supervisor{settings: settings, changed: make(chan struct{})}
}

// Run keeps a worker serving until ctx ends, then lets it finish and returns. Who served
// and died is replaced at once; only one that does not start is tried again later.
func (s *Supervisor) Run(ctx context.Context) error {
	if err := s.recoverLeftOvers(ctx); err != nil {
		return err
	}
	s.settings.Accept(true)
	backoff := restartFirst
	for number := 1; ctx.Err() == nil; number++ {
		p, err := start(ctx, s.settings, number, s.begin)
		if err != nil {
			if ctx.Err() == nil {
				slog.Error("worker did not start", "error", err)
			}
			lasting, done := outlive(ctx, recoverLimit)
			s.recoverOf(lasting, p)
			done()
			wait(ctx, backoff)
			backoff = min(backoff*2, restartLast)
			continue
		}
		backoff = restartFirst
		s.serve(p)
		level := slog.LevelInfo
		if number == 1 {
			level = slog.LevelDebug // who has just started PiCloud was told where it is
		}
		slog.Log(ctx, level, "worker ready", "worker", number, "pid", p.cmd.Process.Pid)
		s.watch(ctx, p)
	}
	s.gone.Wait()
	return nil
}

// watch returns when p serves no longer: it died, it hangs, or the product stops. What
// is left to do with p goes on behind.
func (s *Supervisor) watch(ctx context.Context, p *process) {
	journal, err := execution.OpenJournal(p.journal)
	if err != nil {
		slog.Error("journal cannot be read; hangs go unseen", "worker", p.number, "error", err)
	}
	tick := time.NewTicker(watchPeriod)
	defer tick.Stop()
	for {
		select {
		case <-p.exited:
			s.serve(nil)
			s.bury(ctx, p, journal)
			return
		case <-ctx.Done():
			s.serve(nil)
			p.leave()
			s.bury(ctx, p, journal)
			return
		case now := <-tick.C:
			if journal == nil || overdue(journal, now) == 0 {
				continue
			}
			slog.Warn("worker hangs; replacing it", "worker", p.number)
			p.hung.Store(true)
			s.serve(nil)
			p.leave()
			s.bury(ctx, p, journal)
			s.makeRoom(p)
			return
		}
	}
}

// makeRoom kills the one that has hung longest when too many do: each holds a processor
// and its memory for as long as other calls are under way in it.
func (s *Supervisor) makeRoom(hangs *process) {
	s.hanging = append(s.hanging, hangs)
	s.hanging = slices.DeleteFunc(s.hanging, func(p *process) bool {
		select {
		case <-p.exited:
			return true
		default:
			return false
		}
	})
	for ; len(s.hanging) > mostHanging; s.hanging = s.hanging[1:] {
		s.hanging[0].kill()
	}
}

// overdue counts the runs that ignored their deadline.
func overdue(journal *execution.Journal, now time.Time) int {
	n := 0
	for run := range journal.Running() {
		if now.After(run.Deadline.Add(hangGrace)) {
			n++
		}
	}
	return n
}

// bury waits for a worker that serves no more, kills it once only hung runs are left in
// it or its time is over, and recovers its journal. It does not hold up its caller.
func (s *Supervisor) bury(ctx context.Context, p *process, journal *execution.Journal) {
	s.gone.Add(1)
	go func() {
		defer s.gone.Done()
		s.awaitExit(p, journal)
		if journal != nil {
			journal.Close()
		}
		lasting, done := outlive(ctx, recoverLimit)
		defer done()
		s.recoverOf(lasting, p)
	}()
}

func (s *Supervisor) awaitExit(p *process, journal *execution.Journal) {
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
	if !p.leaving.Load() || death.Trace != "" {
		slog.Error("worker died", "worker", p.number, "why", death.Why, "slot", death.Slot, "state", p.cmd.ProcessState, "trace", head(death.Trace))
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

func (s *Supervisor) serve(p *process) {
	s.mu.Lock()
	s.serving, s.starting = p, nil
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	s.settings.Accept(p == nil)
}

// Ready tells whether a worker serves.
func (s *Supervisor) Ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serving != nil
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
