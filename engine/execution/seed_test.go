package execution

import (
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/engine/call"
	"picloud/engine/id"
)

// world is an app with its scripts, in whose name rows are made.
type world struct {
	app     id.App
	scripts []id.Script
}

func newWorld(scripts int) world {
	w := world{app: id.New[id.App]()}
	for range scripts {
		w.scripts = append(w.scripts, id.New[id.Script]())
	}
	return w
}

// seed writes n runs of a world, evenly over a time. One in fifty fails, one in twenty
// logs a line; the last script runs one time in ten thousand.
func seed(t testing.TB, pool *pgxpool.Pool, w world, n int, from, to time.Time) {
	t.Helper()
	if err := ensureDays(t.Context(), pool, from, int(to.Sub(from)/(24*time.Hour))+2); err != nil {
		t.Fatal(err)
	}
	b := newBatch(pool)
	var encoded []byte
	views := make([]view, 0, batchRows)
	for i := range n {
		at := from.Add(time.Duration(float64(to.Sub(from)) * float64(i) / float64(n)))
		record := testRecord(&Entry{Script: w.scripts[mathrand.N(max(len(w.scripts)-1, 1))], ScriptName: "hello", Version: 1 + i*5/n, Trigger: call.HTTP, Method: "GET", Path: fmt.Sprintf("/item/%d", i%1000)})
		record.App, record.Started, record.Execution = w.app, at, idAt(at)
		record.Wall = time.Duration(mathrand.N(20_000)) * time.Microsecond
		switch {
		case i%10_000 == 5000:
			record.Script = w.scripts[len(w.scripts)-1]
		case i%50 == 7:
			record.Outcome, record.Status = call.Error, 500
			record.Failure = &call.Failure{Name: "TypeError", Message: fmt.Sprintf("cannot read property %d of undefined", i)}
		case i%20 == 3:
			record.Lines = []call.Line{{At: at, Level: call.Info, Message: fmt.Sprintf("needle %d", i)}}
		}
		start := len(encoded)
		encoded = AppendRecord(encoded, record)
		v, err := parse(append([]byte(nil), encoded[start:]...))
		if err != nil {
			t.Fatal(err)
		}
		if views = append(views, v); len(views) == batchRows || i == n-1 {
			if err := b.write(t.Context(), views, false); err != nil {
				t.Fatal(err)
			}
			views, encoded = views[:0], encoded[:0]
		}
	}
}

func idAt(at time.Time) id.Execution {
	run := id.Earliest[id.Execution](at)
	_, _ = rand.Read(run[6:])
	run[6], run[8] = run[6]&0x0f|0x70, run[8]&0x3f|0x80
	return run
}
