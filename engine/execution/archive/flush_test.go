package archive

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/dbtest"
	"picloud/engine/execution"
	"picloud/engine/execution/executiontest"
	"picloud/engine/execution/journal"
)

// BenchmarkFlush is the way of a plain run, with its heads captured, from the ring into
// the tables: of ten scripts, and, which is the worst for the counts, each of its own.
func BenchmarkFlush(b *testing.B) {
	w := executiontest.NewWorld(10)
	b.Run("few", func(b *testing.B) {
		benchmarkFlush(b, func(r *execution.Record) { r.App, r.Script = w.App, w.Scripts[r.Execution[15]%10] })
	})
	b.Run("many", func(b *testing.B) { benchmarkFlush(b, nil) })
}

func benchmarkFlush(b *testing.B, change func(r *execution.Record)) {
	pool := newDatabase(b)
	config := dbtest.WorkerPool(b, pool).Config()
	config.MaxConns = 1
	worker, err := pgxpool.NewWithConfig(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	defer worker.Close()
	var backend int
	if err := worker.QueryRow(b.Context(), "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		b.Fatal(err)
	}
	j := newJournal(b, 8, journal.DefaultRing)
	f := NewFlusher(worker, j, 0)
	server := processTime(backend)
	var client, writing time.Duration
	runs := 0
	for b.Loop() {
		for range 1500 {
			finish(j, change)
		}
		began, own := time.Now(), ownTime()
		f.drain(b.Context(), b.Context())
		writing += time.Since(began)
		client += ownTime() - own
		runs += 1500
	}
	b.ReportMetric(float64(processTime(backend)-server)/float64(runs)/1e3, "server-µs/run")
	b.ReportMetric(float64(client)/float64(runs)/1e3, "client-µs/run")
	b.ReportMetric(float64(writing)/float64(runs)/1e3, "wall-µs/run")
	b.ReportMetric(float64(runs)/writing.Seconds(), "runs/s")
}

func ownTime() time.Duration {
	var use syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &use)
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// processTime is what a process of this machine has used of the processors.
func processTime(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+2:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}
