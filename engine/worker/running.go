package worker

import (
	"log/slog"

	"picloud/engine/execution"
	"picloud/engine/execution/journal"
)

// Running are the calls that match and are under way in this node's workers, also in those
// that leave, in no order. It reads their journals and asks no process.
func (s *Supervisor) Running(match func(*execution.Running) bool) []execution.Running {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []execution.Running
	for _, journal := range s.journals {
		for run := range journal.Running() {
			if match(&run) {
				found = append(found, run)
			}
		}
	}
	return found
}

// Backlog is how much of the rings of this node's workers waits for the database, in bytes.
func (s *Supervisor) Backlog() (waiting, room int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, journal := range s.journals {
		waiting += journal.Pending()
		room += journal.Room()
	}
	return waiting, room
}

// openJournal opens the journal of a worker that has begun to serve; nil when that fails.
func (s *Supervisor) openJournal(p *process) *journal.Journal {
	journal, err := journal.Open(p.journal)
	if err != nil {
		slog.Error("journal cannot be read; hangs go unseen", "worker", p.number, "error", err)
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journals[p] = journal
	return journal
}

func (s *Supervisor) closeJournal(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if journal := s.journals[p]; journal != nil {
		delete(s.journals, p)
		journal.Close()
	}
}
