package outbound

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/engine/id"
	"picloud/queries"
)

// How often what was noted is written down, and how much waits for it. What comes beyond is not
// noted: who calls it again later notes it then.
const (
	writeEvery = 30 * time.Second
	mostOfApp  = 200
	mostOfAll  = 4000
)

// Learnt are hosts that scripts called and of which that is not written down yet. What a process
// that dies had not written is not known; who calls a host again makes it known.
type Learnt struct {
	some chan struct{} // has an entry when there are any

	mu    sync.Mutex
	noted map[id.App]map[visit]bool
	size  int // of all of them
}

type visit struct {
	script id.Script
	host   string
}

// NewLearnt makes an empty one; Run writes what is noted.
func NewLearnt() *Learnt {
	return &Learnt{some: make(chan struct{}, 1), noted: map[id.App]map[visit]bool{}}
}

// Note takes down that a script called a host, as egress.Hop names it. It is for apps whose mode is
// Learn, and for hosts that functions may reach: those that were refused are nothing to put on a
// list. It costs no more than a look into a map.
func (l *Learnt) Note(app id.App, script id.Script, host string) {
	if host == "" || len(host) > MaxEntry {
		return
	}
	if l.add(app, visit{script: script, host: host}) {
		select {
		case l.some <- struct{}{}:
		default:
		}
	}
}

// add tells whether it was not there yet, and there was room for it.
func (l *Learnt) add(app id.App, one visit) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := l.noted[app]
	if of[one] || len(of) >= mostOfApp || l.size >= mostOfAll {
		return false
	}
	if of == nil {
		of = map[visit]bool{}
		l.noted[app] = of
	}
	of[one] = true
	l.size++
	return true
}

// take gives what was noted, and begins anew.
func (l *Learnt) take() (all []visit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, of := range l.noted {
		for one := range of {
			all = append(all, one)
		}
	}
	clear(l.noted)
	l.size = 0
	return all
}

// Run writes what was noted, once in a while and when ctx ends. It costs nothing while nothing is.
func (l *Learnt) Run(ctx context.Context, pool *pgxpool.Pool) error {
	for {
		select {
		case <-l.some:
			select {
			case <-time.After(writeEvery*3/4 + rand.N(writeEvery/2)):
			case <-ctx.Done():
			}
		case <-ctx.Done():
		}
		last := ctx.Err() != nil
		l.write(ctx, pool)
		if last {
			return nil
		}
	}
}

func (l *Learnt) write(ctx context.Context, pool *pgxpool.Pool) {
	all := l.take()
	if len(all) == 0 {
		return
	}
	noted := queries.NoteSeenHostsAcrossAppsParams{MostOfApp: MaxSeen, MostOfScript: MaxHosts}
	for _, one := range all {
		if checkEntry(one.host) != "" { // on this server, opened by an entry with its port
			continue
		}
		noted.ScriptIds = append(noted.ScriptIds, pgtype.UUID{Bytes: one.script, Valid: true})
		noted.Hosts = append(noted.Hosts, one.host)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := queries.New().NoteSeenHostsAcrossApps(ctx, pool, noted); err != nil {
		slog.Warn("not written down which hosts functions have called", "hosts", len(all), "error", err)
	}
}
