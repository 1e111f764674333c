package archive

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/dbtest"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/journal"
	"picloud/engine/id"
)

const victimEnv = "PICLOUD_TEST_VICTIM_JOURNAL"

func TestMain(m *testing.M) {
	if path := os.Getenv(victimEnv); path != "" {
		if err := victim(path, os.Getenv(victimEnv+"_URL")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// victim runs calls as fast as it can until it is killed. It says which began before they
// begin, and which have finished after they have.
func victim(path, url string) error {
	j, err := journal.Create(path, 64, 4<<20)
	if err != nil {
		return err
	}
	pool, err := pgxpool.New(context.Background(), url)
	if err != nil {
		return err
	}
	go func() { _ = NewFlusher(pool, j, 0).Run(context.Background()) }()
	var mu sync.Mutex
	say := func(word byte, run id.Execution) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf("%c%x\n", word, run[:])
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for {
				entry := testEntry()
				slot := j.Begin(entry)
				say('b', entry.Execution)
				slot.Executing()
				record := testRecord(entry)
				slot.Finish(record)
				say('f', entry.Execution)
			}
		})
	}
	group.Wait()
	return nil
}

// A process killed at any instant leaves exactly one row for each run that it began.
func TestKilledProcessLosesNoRun(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	worker := dbtest.WorkerPool(t, pool)
	seen := 0
	for round := range 6 {
		path := fmt.Sprintf("%s/worker-%d.journal", t.TempDir(), round)
		began, finished := kill(t, path, dbtest.WorkerURL(t, pool), 500+rand.N(3000))
		outside, err := journal.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		full, _ := outside.Lost()
		outside.Close()
		if full > 0 {
			t.Fatalf("%d records dropped: the test's ring is too small", full)
		}
		if err := Recover(t.Context(), worker, path, 0, func(execution.Running) Verdict { return Verdict{Outcome: call.Crashed} }); err != nil {
			t.Fatal(err)
		}
		outcomes := make(map[id.Execution]string)
		rows, err := pool.Query(t.Context(), "SELECT id, outcome FROM executions")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var run id.Execution
			var outcome string
			if err := rows.Scan(&run, &outcome); err != nil {
				t.Fatal(err)
			}
			if outcomes[run] != "" {
				t.Errorf("run %s has two rows", run)
			}
			outcomes[run] = outcome
		}
		for run := range began {
			if outcomes[run] == "" {
				t.Errorf("lost row: run %s began and has none", run)
			}
		}
		for run := range finished {
			if outcomes[run] != "ok" {
				t.Errorf("lost row: run %s finished and is %q", run, outcomes[run])
			}
		}
		if len(finished) < 100 {
			t.Errorf("only %d runs finished", len(finished))
		}
		if len(outcomes) < seen+len(began) {
			t.Errorf("lost row: round %d: %d rows, %d before it, %d began in it", round, len(outcomes), seen, len(began))
		}
		seen = len(outcomes)
	}
}

// kill starts a victim and kills it after so many words.
func kill(t *testing.T, path, url string, words int) (began, finished map[id.Execution]bool) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), victimEnv+"="+path, victimEnv+"_URL="+url)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	began, finished = make(map[id.Execution]bool), make(map[id.Execution]bool)
	lines := bufio.NewReader(out)
	for {
		text, err := lines.ReadString('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var run id.Execution
		if _, err := hex.Decode(run[:], []byte(text[1:33])); err != nil {
			t.Fatal(err)
		}
		map[byte]map[id.Execution]bool{'b': began, 'f': finished}[text[0]][run] = true
		if words--; words == 0 {
			if err := command.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := command.Wait(); err == nil {
		t.Fatal("the victim was not killed")
	}
	return began, finished
}
