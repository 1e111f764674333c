package journal

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/executiontest"
	"picloud/engine/id"
)

func refused(who execution.Identity, outcome call.Outcome) *execution.Record {
	who.Execution = id.New[id.Execution]()
	return &execution.Record{Identity: who, Outcome: outcome, Status: outcome.Status(), Failure: &call.Failure{Message: "Refused."}}
}

// The first refusals of a minute have rows of their own; the others share one that counts
// them, for each script and outcome, and is written when the minute is over.
func TestManyRefusalsShareARow(t *testing.T) {
	t.Parallel()
	file, err := Create(filepath.Join(t.TempDir(), "journal"), 64, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		told := make(chan int64, 4)
		c := NewCrowds(file, func(r *execution.Record) { told <- r.Others })
		who, other := executiontest.Identity(), executiontest.Identity()
		draft := who
		draft.Version, draft.Cause.Kind = 0, call.Draft
		own := map[call.Outcome]int{}
		var shared id.Execution
		for range 200 {
			for _, outcome := range []call.Outcome{call.Busy, call.Cancelled} {
				row, joined := c.Join(refused(who, outcome))
				if !joined {
					own[outcome]++
				} else if outcome == call.Busy && !shared.IsZero() && shared != row {
					t.Fatal("the calls of one minute share several rows")
				} else if outcome == call.Busy {
					shared = row
				}
			}
			if _, joined := c.Join(refused(draft, call.Busy)); joined {
				t.Fatal("a person's draft has no row of its own")
			}
		}
		if own[call.Busy] != ownRows || own[call.Cancelled] != ownRows {
			t.Errorf("%v calls have rows of their own", own)
		}
		if _, joined := c.Join(refused(other, call.Busy)); joined {
			t.Error("another script's call is counted in")
		}
		for range file.Running() {
			t.Error("what was refused is among the runs under way")
		}
		if len(told) != 0 {
			t.Error("a row before the minute is over")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(told) != 2 || <-told != 139 || <-told != 139 {
			t.Error("wrong rows of the minute")
		}
		if _, joined := c.Join(refused(who, call.Busy)); joined {
			t.Error("the next minute begins with what the last had")
		}
		c.Close()
	})
	var others int64
	from, _ := file.Unwritten()
	file.Walk(from, false, func(data []byte, _ uint64) bool {
		v, err := execution.Parse(data)
		if err != nil {
			t.Error(err)
		}
		others += v.Others
		return true
	}, func(uint64) { t.Error("damaged") })
	if others != 2*139 {
		t.Errorf("%d in the journal, want %d", others, 2*139)
	}
	for range file.Crowds() {
		t.Error("a crowd is left in its slot")
	}
}
