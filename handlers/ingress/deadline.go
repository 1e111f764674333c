package ingress

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// The server has no deadlines for whole requests: one for reading, still set while a
// function runs, would end the request's context (net/http reads on behind the handler),
// and setting them costs every call. Bodies have deadlines here, large answers in send; a
// peer that takes nothing of a small answer is TCP_USER_TIMEOUT's.
const bodyTime = 30 * time.Second // to send a body

// timeBody gives a request's body a deadline. It is over with the body.
func timeBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return
	}
	control, deadline := http.NewResponseController(w), time.Now().Add(bodyTime)
	if control.SetReadDeadline(deadline) == nil {
		r.Body = &timedBody{ReadCloser: r.Body, control: control, deadline: deadline}
	}
}

type timedBody struct {
	io.ReadCloser
	control  *http.ResponseController
	deadline time.Time
	whole    atomic.Bool // it has come to its end
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.whole.Store(true)
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// Late tells whether a request's body did not come in time. What it is handed on with may
// fail of another cause first: net/http cancels the request's context before the read that
// was too late has returned.
func Late(r *http.Request) bool {
	body, timed := r.Body.(*timedBody)
	return timed && !body.whole.Load() && !time.Now().Before(body.deadline)
}
