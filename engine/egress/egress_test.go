package egress

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"picloud/engine/call"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// zone answers questions about names, as a server of the domain name system. The answers to
// a name are given in turn, the last one for ever.
type zone struct {
	mutex   sync.Mutex
	answers map[string][][]netip.Addr // by name without the dot at its end
	asked   map[string]int
}

// answer sets what the name means, one answer after the other; an answer has its addresses
// separated by spaces.
func (z *zone) answer(name string, answers ...string) {
	z.mutex.Lock()
	defer z.mutex.Unlock()
	z.answers[name] = nil
	for _, answer := range answers {
		var addresses []netip.Addr
		for _, text := range strings.Fields(answer) {
			addresses = append(addresses, netip.MustParseAddr(text))
		}
		z.answers[name] = append(z.answers[name], addresses)
	}
}

func (z *zone) questions(name string) int {
	z.mutex.Lock()
	defer z.mutex.Unlock()
	return z.asked[name]
}

// take is the next answer to a name. Questions for A advance it, those for AAAA follow.
func (z *zone) take(name string, kind dnsmessage.Type) []netip.Addr {
	z.mutex.Lock()
	defer z.mutex.Unlock()
	answers := z.answers[name]
	if kind == dnsmessage.TypeA {
		z.asked[name]++
	}
	if len(answers) == 0 {
		return nil
	}
	return answers[min(max(z.asked[name]-1, 0), len(answers)-1)]
}

// names starts a zone and gives a resolver that asks it.
func names(t testing.TB) (*zone, *net.Resolver) {
	t.Helper()
	z := &zone{answers: map[string][][]netip.Addr{}, asked: map[string]int{}}
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { z.serve(socket) })
	t.Cleanup(func() { _ = socket.Close(); serving.Wait() })
	return z, &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", socket.LocalAddr().String())
	}}
}

func (z *zone) serve(socket net.PacketConn) {
	buffer := make([]byte, 4096)
	for {
		n, from, err := socket.ReadFrom(buffer)
		if err != nil {
			return
		}
		var message dnsmessage.Message
		if message.Unpack(buffer[:n]) != nil || len(message.Questions) != 1 {
			continue
		}
		question := message.Questions[0]
		name := strings.TrimSuffix(question.Name.String(), ".")
		reply := dnsmessage.Message{Header: dnsmessage.Header{ID: message.ID, Response: true, RecursionAvailable: true}, Questions: message.Questions}
		for _, addr := range z.take(name, question.Type) {
			header := dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET}
			switch {
			case addr.Is4() && question.Type == dnsmessage.TypeA:
				reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: addr.As4()}})
			case addr.Is6() && question.Type == dnsmessage.TypeAAAA:
				reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
			}
		}
		if packed, err := reply.Pack(); err == nil {
			_, _ = socket.WriteTo(packed, from)
		}
	}
}

// serve starts a server on loopback and gives the host:port of it.
func serve(t testing.TB, handler http.HandlerFunc) (*httptest.Server, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server, server.Listener.Addr().String()
}

// talk starts a server on loopback that answers each request's head, in lines, by itself. Its
// connections are closed when the test ends.
func talk(t testing.TB, answer func(c net.Conn, head []string)) (place string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				defer context.AfterFunc(ctx, func() { _ = c.Close() })()
				converse(c, answer)
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); cancel(); serving.Wait() })
	return listener.Addr().String()
}

func converse(c net.Conn, answer func(c net.Conn, head []string)) {
	from := bufio.NewScanner(c)
	var head []string
	for from.Scan() {
		if from.Text() != "" {
			head = append(head, from.Text())
			continue
		}
		answer(c, head)
		head = nil
	}
}

// portAt is the port of a host:port.
func portAt(t testing.TB, place string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(place)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func allow(t testing.TB, text string) Allow {
	t.Helper()
	list, err := ParseAllow(text)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func client(t testing.TB, config Config) *Client {
	t.Helper()
	if config.Interfaces == nil {
		config.Interfaces = func() ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil }
	}
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// reaching is a client that may reach these places on loopback.
func reaching(t testing.TB, places ...string) *Client {
	t.Helper()
	return client(t, Config{Allow: allow(t, strings.Join(places, " "))})
}

// get asks for a URL and reads the answer's body.
func get(t testing.TB, c *Client, request Request) (*Response, string) {
	t.Helper()
	response, err := c.Do(t.Context(), request)
	if err != nil {
		t.Fatalf("%s %s: %v", request.Method, request.URL, err)
	}
	if response.Body == nil {
		return response, ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: body: %v", request.Method, request.URL, err)
	}
	return response, string(text)
}

// refused asks for a URL and gives the error that must come of it.
func refused(t testing.TB, c *Client, request Request) *Error {
	t.Helper()
	response, err := c.Do(t.Context(), request)
	if err == nil {
		_ = response.Body.Close()
		t.Fatalf("%s answered %d", request.URL, response.Status)
	}
	known, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("%s: %T %v", request.URL, err, err)
	}
	return known
}

func field(fields []call.Field, name string) string {
	var values []string
	for _, f := range fields {
		if f.Name == name {
			values = append(values, f.Value)
		}
	}
	return strings.Join(values, "|")
}

// What a function sends arrives, and what comes back does too.
func TestARequestAndItsAnswer(t *testing.T) {
	t.Parallel()
	_, place := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Set("X-Seen", r.Method+" "+r.RequestURI+" "+r.Header.Get("X-Mine")+" "+r.Header.Get("User-Agent")+" "+r.Header.Get("Accept-Encoding"))
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write(append([]byte("got "), body...))
	})
	c := reaching(t, place)
	response, body := get(t, c, Request{
		Method: "POST", URL: "http://" + place + "/a%2Fb/|^?q=%20&x=[1]#fragment", Body: []byte("hello"),
		Header: []call.Field{{Name: "x-mine", Value: "yes"}},
	})
	if response.Status != 418 || response.StatusText != "I'm a teapot" || body != "got hello" {
		t.Errorf("%d %q %q", response.Status, response.StatusText, body)
	}
	if got := field(response.Header, "set-cookie"); got != "a=1|b=2" {
		t.Errorf("set-cookie %q", got)
	}
	if got, want := field(response.Header, "x-seen"), "POST /a%2Fb/|^?q=%20&x=[1] yes PiCloud gzip, br, zstd"; got != want {
		t.Errorf("seen %q, want %q", got, want)
	}
	if want := "http://" + place + "/a%2Fb/|^?q=%20&x=[1]"; response.URL != want || response.Redirected {
		t.Errorf("url %q, redirected %t", response.URL, response.Redirected)
	}
	hop := response.Hops[0]
	if len(response.Hops) != 1 || hop.Host != place || hop.Status != 418 || hop.Sent != 5 || hop.Protocol != "HTTP/1.1" || hop.Entry != place || hop.Reused || hop.Took <= 0 || hop.Connect <= 0 {
		t.Errorf("hop %+v", hop)
	}
	if wire, decoded := response.Received(); wire != 9 || decoded != 9 {
		t.Errorf("received %d, %d", wire, decoded)
	}
}

// Every path arrives as it was written, whatever net/url makes of it.
func TestPathsAreSentAsTheyAre(t *testing.T) {
	t.Parallel()
	place := talk(t, func(c net.Conn, head []string) {
		line := strings.Fields(head[0])[1]
		_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(line), line)
	})
	c := reaching(t, place)
	for _, path := range []string{
		"/", "/a%20b", "/a;b,c@d:e", "/%E2%82%AC", "/%", "/%zz", "/*", "/a/%2e%2e/b", "/?", "/?a=b?c", "/'()!|^{}", "//double/%2F", "/%zz?a=%zz",
	} {
		if _, got := get(t, c, Request{URL: "http://" + place + path}); got != path {
			t.Errorf("%s arrived as %s", path, got)
		}
	}
	// Absolute form means the same (RFC 9112, section 3.2.2).
	if _, got := get(t, c, Request{URL: "http://" + place + "//double/%zz"}); got != "http://"+place+"//double/%zz" {
		t.Errorf("%s", got)
	}
}

// What belongs to the connection is not a function's to set.
func TestTheConnectionsFieldsAreNotSent(t *testing.T) {
	t.Parallel()
	var seen http.Header
	var host string
	var length int64
	_, place := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		seen, host, length = r.Header.Clone(), r.Host, r.ContentLength
	})
	c := reaching(t, place)
	var header []call.Field
	for _, name := range []string{
		"Host", "Content-Length", "Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Expect", "HTTP2-Settings",
		"Proxy-Authorization", "Proxy-Connection", "proxy-anything",
	} {
		header = append(header, call.Field{Name: name, Value: "99"})
	}
	header = append(header, call.Field{Name: "Range", Value: "bytes=0-1"}, call.Field{Name: "user-agent", Value: "mine"})
	get(t, c, Request{Method: "PUT", URL: "http://" + place + "/", Header: header, Body: []byte("abc")})
	for name := range seen {
		switch name {
		case "Range", "User-Agent", "Accept-Encoding", "Content-Length":
		default:
			t.Errorf("%s was sent: %q", name, seen[name])
		}
	}
	if host != place || length != 3 || seen.Get("User-Agent") != "mine" || seen.Get("Accept-Encoding") != "identity" {
		t.Errorf("host %q, length %d, %v", host, length, seen)
	}
}

func TestWhatCannotBeSentIsSaidSo(t *testing.T) {
	t.Parallel()
	c := client(t, Config{})
	for name, request := range map[string]Request{
		"user":         {URL: "http://me:secret@example.com/"},
		"ftp":          {URL: "ftp://example.com/"},
		"file":         {URL: "file:///etc/passwd"},
		"unix":         {URL: "unix:///run/docker.sock"},
		"relative":     {URL: "/path"},
		"empty":        {URL: ""},
		"no host":      {URL: "http:///path"},
		"port":         {URL: "http://example.com:99999/"},
		"control":      {URL: "http://example.com/\r\nHost: x"},
		"space":        {URL: "http://example.com/a b"},
		"backslash":    {URL: `http://example.com\@evil.example/`},
		"zone":         {URL: "http://[fe80::1%25lo]/"},
		"not ASCII":    {URL: "http://exämple.com/"},
		"CONNECT":      {URL: "http://example.com/", Method: "CONNECT"},
		"trace":        {URL: "http://example.com/", Method: "trace"},
		"method":       {URL: "http://example.com/", Method: "GET / HTTP/1.1\r\nX: y"},
		"header name":  {URL: "http://example.com/", Header: []call.Field{{Name: "a b", Value: "c"}}},
		"header value": {URL: "http://example.com/", Header: []call.Field{{Name: "a", Value: "b\r\nc: d"}}},
	} {
		if err := refused(t, c, request); err.Category != Invalid || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "%") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Answers that have no body have none, whatever their header says.
func TestAnswersWithoutABody(t *testing.T) {
	t.Parallel()
	_, place := serve(t, func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(r.URL.Query().Get("status"))
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
	})
	c := reaching(t, place)
	for _, request := range []Request{
		{Method: "HEAD", URL: "http://" + place + "/?status=200"},
		{URL: "http://" + place + "/?status=204"},
		{URL: "http://" + place + "/?status=205"},
		{URL: "http://" + place + "/?status=304"},
	} {
		if response, _ := get(t, c, request); response.Body != nil {
			t.Errorf("%s %s has a body", request.Method, request.URL)
		}
	}
	if _, body := get(t, c, Request{URL: "http://" + place + "/?status=200"}); body != "" {
		t.Errorf("an empty body in gzip is %q", body)
	}
}

// What is ours by its URL is one of our functions, or out of reach; and our own ports are out
// of reach by every other name.
func TestOurOwnURLs(t *testing.T) {
	t.Parallel()
	_, place := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Path+r.Header.Get("X-Forwarded-For")+r.Header.Get("X-Real-Ip")+r.Header.Get("Forwarded"))
	})
	port, _ := strconv.Atoi(portAt(t, place))
	known, resolver := names(t)
	known.answer("cloud.test", "127.0.0.1")
	known.answer("evil.test", "127.0.0.1")
	c := client(t, Config{
		Ports: []uint16{uint16(port)}, Resolver: resolver, Allow: allow(t, "evil.test:"+portAt(t, place)+" "+place),
		IsOurs: func(u *url.URL) Ours {
			if u.Hostname() != "cloud.test" {
				return Foreign
			}
			if strings.HasPrefix(u.Path, "/fn/") {
				return OurFunction
			}
			return OurDoor
		},
	})
	response, body := get(t, c, Request{
		URL:    "http://cloud.test:" + portAt(t, place) + "/fn/hello",
		Header: []call.Field{{Name: "x-forwarded-for", Value: "1.1.1.1"}, {Name: "x-real-ip", Value: "1.1.1.1"}, {Name: "forwarded", Value: "for=1.1.1.1"}},
	})
	if body != "/fn/hello" || response.Hops[0].Entry != ownFunction {
		t.Errorf("%q, %+v", body, response.Hops)
	}
	for _, url := range []string{"http://cloud.test:" + portAt(t, place) + "/login", "http://evil.test:" + portAt(t, place) + "/fn/hello", "http://" + place + "/fn/hello"} {
		if err := refused(t, c, Request{URL: url}); err.Category != Forbidden || !strings.Contains(err.Error(), "belongs to PiCloud") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// A client of the zero configuration knows this machine by itself.
func TestTheZeroConfiguration(t *testing.T) {
	t.Parallel()
	c, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	addresses, err := interfaceAddresses()
	if err != nil || len(addresses) == 0 {
		t.Fatal(addresses, err)
	}
	for _, addr := range addresses {
		if err := refused(t, c, Request{URL: "http://" + net.JoinHostPort(addr.String(), "8080") + "/"}); err.Category != Forbidden {
			t.Errorf("%s: %v", addr, err)
		}
	}
	if _, err := New(Config{Interfaces: func() ([]netip.Addr, error) { return nil, errNone }}); !errors.Is(err, errNone) {
		t.Errorf("%v", err)
	}
}
