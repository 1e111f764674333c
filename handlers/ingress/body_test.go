package ingress

import (
	"io"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"picloud/engine/call"
	"picloud/engine/id"
)

// Bodies that are only announced take nothing of the budget from those that come.
func TestAnnouncedBodiesTakeNoBudget(t *testing.T) {
	t.Parallel()
	f := &Functions{MaxBody: 1000, Bodies: &Budget{Limit: 1500, App: 1500, Address: 1500}}
	read := func(body io.Reader, length int64) (int, func(), refusal) {
		r := httptest.NewRequest("POST", "/", body)
		r.ContentLength = length
		got, give, why := f.body(httptest.NewRecorder(), r, holder{})
		return int(got.Size()), give, why
	}
	var open []*io.PipeWriter
	done := make(chan struct{})
	for _, length := range []int64{1000, -1, 1000} {
		body, send := io.Pipe()
		open = append(open, send)
		go func() {
			if _, give, _ := read(body, length); give != nil {
				give()
			}
			done <- struct{}{}
		}()
		go send.Write([]byte("x")) //nolint:errcheck // a body that is refused is not read
	}
	n, give, why := read(strings.NewReader(strings.Repeat("x", 900)), 900)
	if n != 900 {
		t.Fatalf("refused: %+v", why)
	}
	if _, _, why := read(strings.NewReader(strings.Repeat("x", 900)), 900); why.status != 503 {
		t.Errorf("over the budget: %+v", why)
	}
	give()
	for _, send := range open {
		send.Close()
		<-done
	}
	if _, _, why := read(strings.NewReader(strings.Repeat("x", 1001)), -1); why.status != 413 {
		t.Errorf("over the limit: %+v", why)
	}
	nothing, broken := io.Pipe()
	broken.CloseWithError(io.ErrUnexpectedEOF)
	if _, _, why := read(nothing, 10); why.status != 400 {
		t.Errorf("broken off before the first byte: %+v", why)
	}
	if _, _, why := read(strings.NewReader(""), -1); why.status != 0 {
		t.Errorf("empty: %+v", why)
	}
	if b := f.Bodies; b.used != 0 || len(b.apps) != 0 || len(b.addresses) != 0 {
		t.Errorf("left in the budget: %v", b)
	}
}

// An app that gets many bodies, and an address that sends many, leave room for others; one of
// the largest size always fits.
func TestSharesOfBodies(t *testing.T) {
	t.Parallel()
	b := NewBodies(1000, 100)
	evil, shop := id.New[id.App](), id.New[id.App]()
	near, far := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	for _, c := range []struct {
		of   holder
		n    int64
		want bool
	}{
		{holder{evil, near}, 125, true},
		{holder{evil, near}, 1, false},
		{holder{shop, near}, 1, false},
		{holder{evil, far}, 125, true},
		{holder{evil, netip.MustParseAddr("10.0.0.3")}, 1, false},
		{holder{shop, netip.MustParseAddr("10.0.0.3")}, 125, true},
	} {
		if got, _ := b.take(c.of, c.n); got != c.want {
			t.Errorf("%d bytes of %v: %v", c.n, c.of, got)
		}
	}
	if got, _ := NewBodies(1000, 1000).take(holder{evil, near}, 1000); !got {
		t.Error("the largest body never fits")
	}
}

// On its own host an app sets cookies for itself, never for the hosts beside it.
func TestCookiesStayOnTheirHost(t *testing.T) {
	t.Parallel()
	for cookie, kept := range map[string]bool{
		"a=1": true, "a=1; Path=/; HttpOnly": true, "a=domain=x": true, "domain=x": true,
		"a=1; Domain=pi.example": false, "a=1;DOMAIN =.pi.example": false, "a=1; domain": false,
		"picloud_session=x": false, " picloud_session =x; Path=/": false, "__host-picloud_session=x; Secure": false,
	} {
		w := httptest.NewRecorder()
		outbound(w.Header(), []call.Field{{Name: "set-cookie", Value: cookie}}, true)
		if got := w.Header().Get("Set-Cookie") != ""; got != kept {
			t.Errorf("%q: kept %v", cookie, got)
		}
	}
}

// What a browser keeps for a whole origin is not a function's on the dashboard's host.
func TestFieldsForTheWholeOrigin(t *testing.T) {
	t.Parallel()
	fields := []call.Field{{Name: "Set-Cookie", Value: "a=1"}, {Name: "accept-ch", Value: "x"}, {Name: "set-login", Value: "logged-in"}, {Name: "x", Value: "1"}}
	shared, own := httptest.NewRecorder().Header(), httptest.NewRecorder().Header()
	outbound(shared, fields, false)
	outbound(own, fields, true)
	if shared.Get("Set-Cookie")+shared.Get("Accept-Ch")+shared.Get("Set-Login") != "" || shared.Get("X") != "1" {
		t.Errorf("shared host: %v", shared)
	}
	if own.Get("Set-Cookie") == "" || own.Get("Accept-Ch") == "" {
		t.Errorf("own host: %v", own)
	}
}
