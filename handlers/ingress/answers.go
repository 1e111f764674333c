package ingress

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Answers bounds the bytes of large answers that are on their way to their callers. Small
// ones pass: the system takes them at once.
type Answers struct {
	writing *Budget
	waiting *Budget                // for room in writing
	held    func(difference int64) // is told how the bytes of both change
}

const (
	largeAnswer    = 64 << 10        // bytes; answers up to this are not counted
	answerPatience = 5 * time.Second // of an answer that waits for room
)

// NewAnswers makes one for a worker with that memory, in bytes, in which there is always
// room for one answer of the largest size. held may be nil.
func NewAnswers(memory, largest int64, held func(difference int64)) *Answers {
	if held == nil {
		held = func(int64) {}
	}
	return &Answers{writing: shared(memory/4, memory/8, largest), waiting: shared(memory/8, memory/16, largest), held: held}
}

// room waits a while until an answer may be written; give says that it was. Of those that
// wait there is a budget, too: what is over it is refused at once.
func (a *Answers) room(ctx context.Context, of holder, size int64) (give func(), got bool) {
	give = func() {
		a.held(-size)
		a.writing.give(of, size)
	}
	got, freed := a.writing.take(of, size)
	if got {
		a.held(size)
		return give, true
	}
	if wait, _ := a.waiting.take(of, size); !wait {
		return nil, false
	}
	a.held(size)
	defer a.waiting.give(of, size)
	patience := time.NewTimer(answerPatience)
	defer patience.Stop()
	for {
		select {
		case <-freed:
		case <-patience.C:
			a.held(-size)
			return nil, false
		case <-ctx.Done():
			a.held(-size)
			return nil, false
		}
		if got, freed = a.writing.take(of, size); got {
			return give, true
		}
	}
}

// A caller takes sendPart of an answer within sendGrace, 16 KiB a second, or is cut off.
const (
	sendPart  = 160 << 10
	sendGrace = 10 * time.Second
)

// send copies a large answer's body to its caller for as long as that goes on.
func send(w http.ResponseWriter, body io.Reader) {
	control := http.NewResponseController(w)
	defer control.SetWriteDeadline(time.Time{}) //nolint:errcheck // the connection is gone then
	for {
		_ = control.SetWriteDeadline(time.Now().Add(sendGrace))
		if _, err := io.CopyN(w, body, sendPart); err != nil {
			return
		}
	}
}
