package dashboard

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// stream writes server-sent events (HTML standard, section 9.2), each at once.
type stream struct {
	w       http.ResponseWriter
	r       *http.Request
	control *http.ResponseController
}

// begin answers with a stream. Proxies are told not to hold it back.
func begin(w http.ResponseWriter, r *http.Request) (*stream, error) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	s := &stream{w: w, r: r, control: http.NewResponseController(w)}
	return s, s.flush()
}

// lineEnds are all that end a line of a stream; data is sent line by line, so that no
// text can begin a field of its own.
func lineEnds() *strings.Replacer { return strings.NewReplacer("\r\n", "\n", "\r", "\n") }

// send writes one event.
func (s *stream) send(event, data string) error {
	var b strings.Builder
	b.WriteString("event: " + event + "\n")
	for line := range strings.SplitSeq(lineEnds().Replace(data), "\n") {
		b.WriteString("data: " + line + "\n")
	}
	b.WriteByte('\n')
	if err := s.write(b.String()); err != nil {
		return fmt.Errorf("send %s: %w", event, err)
	}
	return nil
}

// draw sends a part of a page.
func (s *stream) draw(event string, part templ.Component) error {
	data, err := text(s.r, part)
	if err != nil {
		return err
	}
	return s.send(event, data)
}

// value sends something as JSON.
func (s *stream) value(event string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("send %s: %w", event, err)
	}
	return s.send(event, string(data))
}

// beat keeps connections that look idle from being closed; it is a comment.
func (s *stream) beat() error {
	if err := s.write(": \n\n"); err != nil {
		return fmt.Errorf("send a heartbeat: %w", err)
	}
	return nil
}

// readTime is how long a reader may take nothing before it counts as gone.
const readTime = 30 * time.Second

func (s *stream) write(text string) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(readTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.flush()
}

func (s *stream) flush() error {
	if err := s.control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("flush the stream: %w", err)
	}
	return nil
}
