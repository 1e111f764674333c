package archive

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/executiontest"
	"picloud/engine/execution/history"
	"picloud/engine/execution/journal"
)

// What workers of earlier versions left: finished runs in the ring and two that ran, one of
// them executing.
//
//go:embed testdata/journal-1.gz testdata/journal-2.gz
var earlierJournals embed.FS

// An upgrade finds the journal of a version before: every run of it gets its row.
func TestJournalOfAnEarlierVersionIsRead(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"journal-1.gz": {
			"hello 0 draft POST /cart /cart crashed 503 0 true\n",
			"hello 3 http GET /größe /größe error 500 0 true\n",
			"hello 3 http GET /orders/7 /orders/7 crashed 503 0 true\n",
			"hello 3 http GET /orders/7 /orders/7 ok 200 1 false\n",
		},
		"journal-2.gz": {
			"hello 0 draft POST /cart /cart crashed 503 0 true\n",
			"hello 3 http GET /orders/7 /orders/7 ok 200 1 false\n",
			"hello 3 http GET /orders/8 /orders/8 crashed 503 0 true\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := recovered(t, unpacked(t, name))
			if !slices.Equal(got, want) {
				t.Errorf("got\n%swant\n%s", strings.Join(got, ""), strings.Join(want, ""))
			}
		})
	}
}

// unpacked is the path of an earlier journal.
func unpacked(t *testing.T, name string) string {
	packed, err := earlierJournals.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	unpack, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unpack)
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/j"
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// recovered are the runs that a journal gave, in the order of their texts.
func recovered(t *testing.T, path string) (runs []string) {
	pool := newDatabase(t)
	var app execution.Identity
	judge := func(run execution.Running) Verdict {
		app = run.Identity
		return Verdict{Outcome: call.Crashed}
	}
	if err := Recover(t.Context(), pool, path, 0, judge); err != nil {
		t.Fatal(err)
	}
	page, err := history.NewStore(pool).List(t.Context(), executiontest.Reading(t, app.App), history.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range page.Rows {
		runs = append(runs, fmt.Sprintln(row.ScriptName, row.Version, row.Cause.Kind, row.Subject, row.Path, row.Outcome, row.Status, row.LineCount, row.Failure != nil))
	}
	slices.Sort(runs)
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	return runs
}

// A journal of a version that is not known yet is kept, and holds nobody up.
func TestUnknownJournalIsKept(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	path := t.TempDir() + "/j"
	j, err := journal.Create(path, 4, journal.MinRing)
	if err != nil {
		t.Fatal(err)
	}
	j.Begin(testEntry())
	j.Close()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(data, "pcjrnl99")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Recover(t.Context(), pool, path, 0, nil); err != nil {
		t.Fatal(err)
	}
	if kept, err := os.ReadFile(path + ".unread"); err != nil || !bytes.Equal(kept, data) {
		t.Errorf("%d bytes kept, %v", len(kept), err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is found again at the next start: %v", err)
	}
}

func FuzzRows(f *testing.F) {
	f.Add(execution.AppendRecord(nil, executiontest.FullRecord()))
	f.Add(execution.AppendRecord(nil, executiontest.Record(executiontest.Identity())))
	f.Fuzz(func(_ *testing.T, data []byte) {
		if v, err := execution.Parse(data); err == nil {
			appendExecution(nil, &v, execution.NothingLeftOut)
			appendLogLines(nil, &v)
			appendCaptureRow(nil, &v)
		}
	})
}
