package archive

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/dbtest"
	"picloud/engine/execution/journal"
)

// line is the way to a database that can be cut.
type line struct {
	down      atomic.Bool
	loseEvery int64 // of so many commits one is sent and its answer never heard
	commits   atomic.Int64

	mu    sync.Mutex
	conns []net.Conn
}

func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if l.down.Load() {
		return nil, errors.New("the line is down")
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.conns = append(l.conns, conn)
	l.mu.Unlock()
	return &lineConn{conn, l}, nil
}

func (l *line) cut() {
	l.down.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		conn.Close()
	}
	l.conns = nil
}

type lineConn struct {
	net.Conn
	line *line
}

func (c *lineConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err == nil && c.line.loseEvery > 0 && bytes.Contains(p, []byte("commit")) && c.line.commits.Add(1)%c.line.loseEvery == 0 {
		// The server has the commit; its answer is read into nowhere.
		buffer := make([]byte, 1024)
		_, _ = c.Conn.Read(buffer)
		c.Conn.Close()
	}
	return n, err
}

func (l *line) pool(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.DialFunc = l.dial
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// While the database is away records wait in the ring; none is lost and none comes twice,
// also when a commit's answer is lost.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	l := &line{loseEvery: 3}
	j := newJournal(t, 64, 4<<20)
	f := NewFlusher(l.pool(t, dbtest.WorkerURL(t, pool)), j, 0)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	total := 0
	for range 4 {
		for range 150 {
			finish(j, nil)
			total++
		}
		waitFor(t, "lost row", func() bool { return countRows(t, pool, "executions") > total-150 })
		l.cut()
		for range 150 {
			finish(j, nil)
			total++
		}
		l.down.Store(false)
	}
	waitFor(t, "lost row", func() bool { return countRows(t, pool, "executions") >= total && j.Pending() == 0 })
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if l.commits.Load() < 2*l.loseEvery {
		t.Errorf("only %d commits were heard of", l.commits.Load())
	}
	full, refused := j.Lost()
	if n, c := countRows(t, pool, "executions"), countRows(t, pool, "captures"); full+refused != 0 || n != total || c != total {
		t.Errorf("lost row: %d dropped, %d refused, %d rows and %d captures of %d", full, refused, n, c, total)
	}
	var counted int
	if err := pool.QueryRow(t.Context(), "SELECT sum(runs) FROM run_counts").Scan(&counted); err != nil || counted != total {
		t.Errorf("lost row: %d runs counted of %d: %v", counted, total, err)
	}
}

// A process that ends while the database is away leaves its records for Recover.
func TestEndWhileDatabaseAway(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	l := &line{}
	worker := l.pool(t, dbtest.WorkerURL(t, pool))
	l.cut()
	path := t.TempDir() + "/j"
	j, err := journal.Create(path, 8, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		finish(j, nil)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := NewFlusher(worker, j, 0).Run(ctx); err != nil {
		t.Fatal(err)
	}
	recovered := make(chan error, 1)
	go func() { recovered <- Recover(t.Context(), worker, path, 0, nil) }() // waits: for the file, then for the database
	if n := countRows(t, pool, "executions"); n != 0 {
		t.Fatalf("%d rows over a line that is down", n)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	l.down.Store(false)
	if err := <-recovered; err != nil {
		t.Fatal(err)
	}
	if n := countRows(t, pool, "executions"); n != 20 {
		t.Errorf("lost row: %d rows, want 20", n)
	}
}
