package worker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"picloud/engine/actor"
	"picloud/engine/call"
	"picloud/engine/execution/live"
	"picloud/engine/fault"
)

// The paths of a worker's private socket.
const (
	DraftPath   = "/draft"
	LivePath    = "/live"
	RefreshPath = "/refresh"
	PingPath    = "/ping"
)

// Restored is what a worker answers at PingPath while it has no routes from the database yet.
const Restored = "restored"

// Draft is a run of a program that is not published.
type Draft struct {
	Call      call.Call // but for its limits, which are the worker's; Version of its script is 0
	Capture   string
	Program   string
	SourceMap string
}

// DraftEvent is one message of a draft run: lines and spans while it runs, then one answer.
type DraftEvent struct {
	Line   *call.Line   `json:",omitempty"`
	Span   *call.Span   `json:",omitempty"` // has ended
	Answer *DraftAnswer `json:",omitempty"`
}

// DraftAnswer is how a draft run ended.
type DraftAnswer struct {
	Outcome   call.Outcome
	Status    int
	Header    []call.Field
	Body      []byte
	Failure   *call.Failure
	Wall      time.Duration
	Executing time.Duration
	Began     time.Time
	Lines     int
	Spans     []call.Span // of its time until it had answered, in the order in which they began
}

// RunDraft runs a draft of the grant's app in the serving worker. onEvent gets lines and spans as they
// come. It fails with an Unavailable fault if the worker dies meanwhile.
func (s *Supervisor) RunDraft(ctx context.Context, grant actor.Grant, draft Draft, onEvent func(DraftEvent)) (*DraftAnswer, error) {
	app, err := grant.App(actor.WriteScript)
	if err != nil {
		return nil, err
	}
	draft.Call.Script.App = app
	body, err := json.Marshal(draft)
	if err != nil {
		return nil, fmt.Errorf("draft: %w", err)
	}
	stream, err := s.request(ctx, http.MethodPost, DraftPath, body)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	events := json.NewDecoder(io.LimitReader(stream, maxDraftStream))
	for {
		var event DraftEvent
		if err := events.Decode(&event); err != nil {
			if ctx.Err() != nil { // stopped by who began it
				return nil, fmt.Errorf("draft: %w", ctx.Err())
			}
			return nil, fault.New(fault.Unavailable, "The worker process died while the draft ran; its row says why. It is running again.").Because(err)
		}
		if event.Answer != nil {
			return event.Answer, nil
		}
		onEvent(event)
	}
}

// Live streams what happens of the grant's app in the serving worker until ctx ends or onEvent fails. When
// a worker is replaced it goes on with the next.
func (s *Supervisor) Live(ctx context.Context, grant actor.Grant, filter live.Filter, onEvent func(live.Event) error) error {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return err
	}
	filter.App = app
	query := url.Values{"filter": {filter.Encode()}}
	for ctx.Err() == nil {
		stream, err := s.request(ctx, http.MethodGet, LivePath+"?"+query.Encode(), nil)
		if err != nil {
			return err
		}
		err = follow(stream, onEvent)
		stream.Close()
		if stop, found := errors.AsType[*handlerError](err); found {
			return stop.error
		}
		wait(ctx, watchPeriod)
	}
	return nil
}

// What the manager takes of a worker, in bytes: it must not be filled by one that is mad.
const (
	maxDraftStream = 64 << 20 // a draft's log and its answer of up to 10 MiB, as JSON
	maxEvent       = 1 << 20  // of the live feed
)

type handlerError struct{ error }

func follow(stream io.Reader, onEvent func(live.Event) error) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		var event live.Event
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return fmt.Errorf("live event: %w", err)
		}
		if err := onEvent(event); err != nil {
			return &handlerError{err}
		}
	}
	return lines.Err()
}

// Refresh makes the workers of this node re-read their routes; afterwards what was
// committed before is live here. A worker that starts reads them once more when its
// private socket is open, so one that cannot be told yet need not be.
func (s *Supervisor) Refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	s.mu.Lock()
	serving, starting := s.serving, s.starting
	s.mu.Unlock()
	if starting != nil {
		if stream, err := starting.request(ctx, http.MethodPost, RefreshPath, nil); err == nil {
			stream.Close()
		}
	}
	if serving == nil {
		return nil
	}
	stream, err := serving.request(ctx, http.MethodPost, RefreshPath, nil)
	if err != nil {
		return err
	}
	return stream.Close()
}

func (s *Supervisor) request(ctx context.Context, method, path string, body []byte) (io.ReadCloser, error) {
	waiting, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	p, err := s.current(waiting)
	if err != nil {
		return nil, err
	}
	return p.request(ctx, method, path, body)
}

func (p *process) request(ctx context.Context, method, path string, body []byte) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://worker"+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "The worker is being replaced. Try again in a moment.").Because(err)
	}
	if response.StatusCode >= 300 {
		response.Body.Close()
		return nil, fmt.Errorf("%s %s: worker answered %d", method, path, response.StatusCode)
	}
	return response.Body, nil
}
