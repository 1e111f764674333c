package execution

import (
	"encoding/json"
	"time"

	"picloud/engine/call"
)

// RollingDay is when the day began that ends now: 23 hours before the present one.
func RollingDay(now time.Time) time.Time { return now.UTC().Truncate(time.Hour).Add(-23 * time.Hour) }

// LeftOut says what of a run is not kept because its app has used its share of the history of
// a rolling day. Each keeps less than the one before.
type LeftOut uint8

// The numbers are those of the column left_out.
const (
	NothingLeftOut  LeftOut = iota
	MessagesLeftOut         // request and answer
	LogLeftOut              // the log too
	RowLeftOut              // of a run that succeeded all but its counts; one that failed has a bare row
)

// String is what of a row is left out; empty: nothing.
func (l LeftOut) String() string {
	switch l {
	case MessagesLeftOut:
		return "messages"
	case LogLeftOut:
		return "log and messages"
	}
	return ""
}

// AtShare is what is left out of the runs of an app that has used so much of its share; a share
// of 0 is no limit.
func AtShare(used, share int64) LeftOut {
	switch {
	case share <= 0 || used < share:
		return NothingLeftOut
	case used < share/4*5:
		return MessagesLeftOut
	case used < share/2*3:
		return LogLeftOut
	}
	return RowLeftOut
}

// FarOver tells that of an app not even every failure has a row any more.
func FarOver(used, share int64) bool { return share > 0 && used >= 2*share }

// BareFailure is what is kept of the stored form of a failure in a bare row.
func BareFailure(data []byte) []byte {
	var f Failure
	if len(data) <= bareMessage || json.Unmarshal(data, &f) != nil {
		return data
	}
	short := cutFailure(&call.Failure{Name: f.Name, Message: f.Message, Stack: f.Stack}, bareMessage)
	limit := Limit{}
	if f.Limit != nil {
		limit = *f.Limit
	}
	return appendFailure(nil, short, limit)
}
