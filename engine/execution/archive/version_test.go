package archive

import (
	"bytes"
	"compress/gzip"
	_ "embed"
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

// What a worker of version 1 left: two finished runs in the ring and two that ran, one of
// them executing.
//
//go:embed testdata/journal-1.gz
var journalOfVersion1 []byte

// An upgrade finds the journal of the version before: every run of it gets its row.
func TestJournalOfAnEarlierVersionIsRead(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	unpack, err := gzip.NewReader(bytes.NewReader(journalOfVersion1))
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
	var app execution.Identity
	judge := func(run execution.Running) Verdict {
		app = run.Identity
		return Verdict{Outcome: call.Crashed}
	}
	if err := Recover(t.Context(), pool, path, judge); err != nil {
		t.Fatal(err)
	}
	page, err := history.NewStore(pool).List(t.Context(), executiontest.Reading(t, app.App), history.Query{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range page.Rows {
		got = append(got, fmt.Sprintln(row.ScriptName, row.Version, row.Cause.Kind, row.Subject, row.Path, row.Outcome, row.Status, row.LineCount, row.Failure != nil))
	}
	slices.Sort(got)
	want := []string{
		"hello 0 draft POST /cart /cart crashed 503 0 true\n",
		"hello 3 http GET /größe /größe error 500 0 true\n",
		"hello 3 http GET /orders/7 /orders/7 crashed 503 0 true\n",
		"hello 3 http GET /orders/7 /orders/7 ok 200 1 false\n",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%swant\n%s", strings.Join(got, ""), strings.Join(want, ""))
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
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
	if err := Recover(t.Context(), pool, path, nil); err != nil {
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
			appendExecution(nil, &v)
			appendLogLines(nil, &v)
			appendCaptureRow(nil, &v)
		}
	})
}
