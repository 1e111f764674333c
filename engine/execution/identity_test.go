package execution_test

import (
	"strings"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
)

// The query of a request is a part of the subject: without its secrets, and only where
// something of messages is kept.
func TestSubjectHasTheQuery(t *testing.T) {
	t.Parallel()
	const base = "http://pi.example/fn/shop/hello"
	for _, c := range []struct {
		url    string
		policy execution.Policy
		want   string
	}{
		{base + "/a", execution.CaptureHeads, "GET /a"},
		{base + "/a?", execution.CaptureHeads, "GET /a?"},
		{base + "/a?name=Ada&x?y", execution.CaptureHeads, "GET /a?name=Ada&x?y"},
		{base + "/a?token=hidden&name=Ada", execution.CaptureAll, "GET /a?token=[redacted]&name=Ada"},
		{base + "/a?%74oken=hidden", execution.CaptureAll, "GET /a?%74oken=[redacted]"},
		{base + "/a?name=Ada", execution.CaptureOff, "GET /a"},
		{base + "/a?name=Ada", "", "GET /a"},
	} {
		who := execution.IdentityOf(&call.Call{Event: call.Event{Request: &call.Request{Method: "GET", URL: c.url, Path: "/a"}}}, c.policy, nil, time.Now())
		if who.Subject != c.want {
			t.Errorf("%s, %q: %q, want %q", c.url, c.policy, who.Subject, c.want)
		}
		if method, path := who.HTTP(); method != "GET" || path != "/a" || who.About() != strings.TrimPrefix(c.want, "GET ") {
			t.Errorf("%s: %q %q %q", c.url, method, path, who.About())
		}
		data := execution.AppendIdentity(nil, &who, 1<<10)
		if read, _, err := execution.DecodeIdentity(data); err != nil || read.Subject != c.want {
			t.Errorf("%s: read as %q, %v", c.url, read.Subject, err)
		}
	}
	long := execution.IdentityOf(&call.Call{Event: call.Event{Request: &call.Request{Method: "GET", URL: base + "?a=" + strings.Repeat("b", 9000) + "&token=hidden", Path: "/"}}}, execution.CaptureAll, nil, time.Now())
	if len(long.Subject) > 2200 {
		t.Errorf("a subject of %d bytes", len(long.Subject))
	}
}
