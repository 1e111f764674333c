package worker

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Serve runs a worker's parts on a listener until ctx ends; it calls ready once it accepts.
type Serve func(ctx context.Context, config Config, listener net.Listener, ready func()) error

// RunInside is Run without a process of its own (--single-process): what a function does
// to the worker it does to the manager too.
func (s *Supervisor) RunInside(ctx context.Context, serve Serve) error {
	if err := s.recoverLeftOvers(ctx); err != nil {
		return err
	}
	listener, err := net.FileListener(s.settings.Listener)
	if err != nil {
		return fmt.Errorf("public listener: %w", err)
	}
	stem := filepath.Join(s.settings.Directory, fmt.Sprintf("worker-%d-0", os.Getpid()))
	config := s.settings.Worker
	config.Journal, config.Socket = stem+".journal", stem+".sock"
	p := &process{journal: config.Journal, socket: config.Socket, client: dial(config.Socket)}
	err = serve(ctx, config, listener, func() {
		s.openJournal(p)
		s.serve(p)
	})
	s.serve(nil)
	s.closeJournal(p)
	death := Death{Slot: -1, Why: "PiCloud was stopped", At: time.Now()}
	lasting, done := context.WithTimeout(context.WithoutCancel(ctx), recoverLimit)
	defer done()
	if fault := s.settings.Recover(lasting, p.journal, death); fault != nil && err == nil {
		err = fault
	}
	return err
}
