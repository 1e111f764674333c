package dashboard_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"picloud/engine/access"
	"picloud/engine/actor"
	"picloud/engine/execution"
	"picloud/engine/id"
)

// A live page ends the moment its session does.
func TestLiveEndsWithTheSession(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*site) error{
		"signed out": func(s *site) error { s.post("/logout", nil); return nil },
		"revoked": func(s *site) error {
			return s.access.RevokeSession(s.t.Context(), s.may(actor.ManageAccount, id.App{}), s.actor.Session)
		},
		"password": func(s *site) error { _, err := s.access.ResetPassword(s.t.Context(), email); return err },
		"others": func(s *site) error {
			other := *s
			other.signIn()
			_, err := s.access.RevokeOtherSessions(s.t.Context(), other.may(actor.ManageAccount, id.App{}))
			return err
		},
	} {
		for _, path := range []string{"/apps/shop/runs/live", "/apps/shop/scripts/hello/runs/live?outcome=failed"} {
			t.Run(name+path, func(t *testing.T) {
				t.Parallel()
				s := open(t)
				response, err := http.DefaultClient.Do(s.request("GET", path, nil, http.Header{"Accept": {"text/event-stream"}}))
				s.must(err)
				defer response.Body.Close()
				if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" || response.Header.Get("X-Accel-Buffering") != "no" {
					t.Fatalf("%d %v", response.StatusCode, response.Header)
				}
				s.must(end(s))
				var events []string
				for lines := bufio.NewScanner(response.Body); lines.Scan(); {
					events = append(events, lines.Text())
				}
				if text := strings.Join(events, "\n"); !strings.Contains(text, "event: bye") {
					t.Errorf("the stream ended with %q", text)
				}
			})
		}
	}
}

func TestLiveNeedsASession(t *testing.T) {
	t.Parallel()
	s := open(t)
	stream := http.Header{"Accept": {"text/event-stream"}}
	s.sees(s.ask("GET", "/apps/shop/runs/live?outcome=nothing", nil, stream), 422)
	s.sees(s.ask("GET", "/apps/nobody/runs/live", nil, stream), 404)
	s.cookie = ""
	s.sees(s.ask("GET", "/apps/shop/runs/live", nil, stream), 401)
	secret, _, err := s.access.MakeKey(t.Context(), s.may(actor.ManageAccount, id.App{}), access.NewKey{Name: "ci", Access: access.KeyWrites})
	s.must(err)
	stream["Authorization"] = []string{"Bearer " + secret}
	s.sees(s.ask("GET", "/apps/shop/runs/live", nil, stream), 401)
}

// A run that ended between the drawing of its page and the opening of the stream is told,
// however many came after it.
func TestLiveTellsEndsThatCameBefore(t *testing.T) {
	t.Parallel()
	s := open(t)
	a, script := s.find("shop", "hello")
	var runs []id.Execution
	var records []*execution.Record
	for range 60 {
		record := runOf(a, script, "/")
		runs, records = append(runs, record.Execution), append(records, record)
	}
	s.record(records...)
	s.sees(s.ask("GET", "/apps/shop/runs/live?open=x", nil, http.Header{"Accept": {"text/event-stream"}}), 422)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	path := "/apps/shop/runs/live?from=" + runs[0].String() + "&open=" + runs[0].String() + "," + runs[1].String()
	response, err := http.DefaultClient.Do(s.request("GET", path, nil, http.Header{"Accept": {"text/event-stream"}}).WithContext(ctx))
	s.must(err)
	defer response.Body.Close()
	told := map[id.Execution]bool{}
	for lines := bufio.NewScanner(response.Body); len(told) < 2 && lines.Scan(); {
		for _, run := range runs[:2] {
			if strings.Contains(lines.Text(), run.String()) {
				told[run] = true
			}
		}
	}
	if len(told) < 2 {
		t.Errorf("%d of 2 ends were told", len(told))
	}
}
