// Package worker keeps the processes that run functions: it starts them, hands them the
// public listener, watches their journals, replaces the one that hangs and restarts the
// one that died. It guarantees that every run in a dead worker's journal gets its row,
// and that somebody accepts on the public listener at all times.
//
//	starting ──ready──► serving ──hangs, and the next is ready──► leaving ──drained or overdue──► gone
//	    └──────died──────────┴──────────────died─────────────────────┴───────────────────────────► gone
//
// One worker serves, also one that hangs while the next starts; some may be leaving. A gone worker's journal is recovered
// into rows before its file is removed.
package worker

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"picloud/engine/account"
	"picloud/engine/call"
)

// Config is what a worker process is told on its standard input, as JSON. It holds the
// database password, which is why it is neither an argument nor in the environment.
type Config struct {
	DatabaseURL    string
	OwnProcess     bool   // nothing else runs in its process, so that it can be confined
	Journal        string // path of its journal file
	Socket         string // its private socket: draft runs, live feed, refresh
	ManagerSocket  string // where the dashboard answers
	Start          string // folder of what it starts with while the database does not answer; empty: it waits
	SecretKeys     string // of secrets, those that were given, as seal.Open takes them
	KeyDir         string // folder of the others
	Hosts          Hosts
	Ports          []uint16 // on which PiCloud listens on this machine
	TrustedProxies []netip.Prefix
	FetchAllow     string // what functions of all apps may reach beyond the public internet, as egress.ParseAllow reads it
	FetchProxy     string // http or https URL of the proxy that their requests use; empty: none
	FetchNAT64     bool   // they reach the IPv4 internet through 64:ff9b::/96
	MaxRunning     int    // runs that execute or are ready to
	MaxWaiting     int    // runs that wait
	MaxBody        int64  // bytes of one request body
	BodiesInFlight int64  // bytes of all request bodies
	MemoryBudget   int64  // bytes of live heap
	JournalSlots   int    // runs that can be told apart after a death
	RingSize       int    // bytes of finished runs that wait for PostgreSQL
	HistoryShare   int64  // bytes that an app may add to the history in a rolling day; 0: any number
	Limits         call.Limits
	LogFormat      string
	LogLevel       string
}

// Hosts says which names this server answers to.
type Hosts struct {
	Base      string   // the dashboard's own address, for people
	Dashboard []string // host names without port, lower case
	AnyIP     bool     // an IP address as host is the dashboard's too
	Functions string   // apps answer at <slug>.<Functions>; empty: only below /fn/
}

// Settings are what the supervisor needs to run workers.
type Settings struct {
	Executable string
	Account    account.Account
	Starter    *account.Starter
	Listener   *os.File // the public listener
	Directory  string   // for journals and sockets; private, with a short path
	Worker     Config   // Journal and Socket are filled in for each worker
	// Recover writes the rows that a dead worker's journal still owes and removes it.
	Recover func(ctx context.Context, journal string, death Death) error
	// Accept is told whether the manager itself has to accept on the public listener.
	Accept func(manager bool)
}

// spare is the journal that is made ahead.
func (s *Settings) spare() string { return filepath.Join(s.Directory, "spare.journal") }

// Death is why a worker is gone, as far as it is known.
type Death struct {
	Hung  bool      // killed because runs ignored their deadline
	Trace string    // the end of what it wrote to standard error
	Slot  int       // the journal slot whose run the trace names, -1: none
	Why   string    // a sentence: "stack overflow", "out of memory", …
	At    time.Time // zero: not known
}

const (
	startLimit   = 10 * time.Second       // to become ready
	hangGrace    = 500 * time.Millisecond // past the deadline of a run
	watchPeriod  = 100 * time.Millisecond // between looks at the journals
	pingPeriod   = 5 * time.Second        // between questions whether a worker still answers
	silenceLimit = 15 * time.Second       // for an answer; a frozen process gives none
	leaveGrace   = 15 * time.Second       // for a leaving worker's other calls, past their longest time
	mostHanging  = 4                      // hanging workers that finish their other calls
	restartFirst = 10 * time.Millisecond  // back-off of restarts, doubling
	restartLast  = 5 * time.Second
	mostOwing    = 4               // journals of dead workers that wait for their rows, before restarts are held up
	owingFirst   = 2 * time.Second // for how long, doubling
	owingLast    = time.Minute
	recoverLimit = 10 * time.Second // for rows that are owed when the product stops
)
