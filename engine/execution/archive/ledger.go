package archive

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/id"
	"picloud/queries"
)

// appPart is the part of the budget that an app may add to the history in a rolling day.
const appPart = 4

// Share is how many bytes of the history an app may add in a rolling day. Ranges are dropped
// whole, so it is kept to when rows are written: over it less and less is kept of an app's runs.
func (r Retention) Share() int64 { return r.orDefault().Bytes / appPart }

const (
	ledgerEvery = time.Minute
	ownFailures = 60 // rows in a minute of a script's failures, far over the share
)

// ledger knows what each app has added to the history in the rolling day: what the tables say,
// as of a minute ago at most, and what was written here since.
type ledger struct {
	share    int64 // 0: no limit
	used     map[id.App]int64
	read     time.Time
	minute   time.Time
	failures map[id.Script]int // that got rows in this minute far over the share
}

func newLedger(share int64) *ledger {
	return &ledger{share: share, used: make(map[id.App]int64), failures: make(map[id.Script]int)}
}

// refresh reads the tables when it is time.
func (l *ledger) refresh(ctx context.Context, pool *pgxpool.Pool) {
	now := time.Now()
	if l.share <= 0 || now.Sub(l.read) < ledgerEvery {
		return
	}
	l.read = now
	sums, err := queries.New().SumBytesAcrossApps(ctx, pool, execution.RollingDay(now))
	if err != nil {
		slog.Warn("shares of the history go by what was known before", "error", fmt.Errorf("sum of the day: %w", err))
		return
	}
	clear(l.used)
	for _, sum := range sums {
		l.used[sum.AppID] = sum.Bytes
	}
}

// leaves says what is left out of a run. A person's draft has its row.
func (l *ledger) leaves(v *execution.View) execution.LeftOut {
	used := l.used[v.App]
	left := execution.AtShare(used, l.share)
	if left < execution.RowLeftOut {
		return left
	}
	switch {
	case string(v.Kind) == string(call.Draft):
		return execution.LogLeftOut
	case v.Others == 0 && !call.Outcome(v.Outcome).Failed(int(v.Status)):
		return execution.RowLeftOut
	case v.Others == 0 && execution.FarOver(used, l.share) && !l.own(v.Script):
		return execution.RowLeftOut
	}
	v.Failure = execution.BareFailure(v.Failure)
	return execution.LogLeftOut
}

// own tells whether one more failure of a script may have a row in this minute.
func (l *ledger) own(script id.Script) bool {
	if minute := time.Now().Truncate(time.Minute); !minute.Equal(l.minute) {
		l.minute = minute
		clear(l.failures)
	}
	l.failures[script]++
	return l.failures[script] <= ownFailures
}

// About what rows take on disk beside their texts, indexes included.
const (
	rowBytes     = 300
	notableBytes = 120 // of the indexes of those that failed
	lineBytes    = 130
	captureBytes = 70
)

// footprint is about how many bytes a run takes in the tables.
func footprint(v *execution.View, left execution.LeftOut) int64 {
	n := rowBytes + 2*len(v.Subject) + len(v.Failure)
	if string(v.Outcome) != string(call.OK) || v.Status >= 400 {
		n += notableBytes
	}
	if left < execution.LogLeftOut {
		n += v.LinesSize() + lineBytes*int(v.LineCount)
	}
	if left < execution.MessagesLeftOut && v.Capture != nil {
		n += captureBytes + len(v.Capture)
	}
	return int64(n)
}
