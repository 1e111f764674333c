package ingress

import (
	"io"
	"net/http"
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
	control := http.NewResponseController(w)
	if control.SetReadDeadline(time.Now().Add(bodyTime)) == nil {
		r.Body = &timedBody{ReadCloser: r.Body, control: control}
	}
}

type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
