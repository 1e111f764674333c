package egress

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// encode is the text in each of the codings, one over the other.
func encode(t testing.TB, text []byte, codings ...string) []byte {
	t.Helper()
	for _, coding := range codings {
		var encoded bytes.Buffer
		var to io.WriteCloser
		switch coding {
		case "gzip":
			to = gzip.NewWriter(&encoded)
		case "zlib":
			to = zlib.NewWriter(&encoded)
		case "flate":
			to, _ = flate.NewWriter(&encoded, flate.BestSpeed)
		case "br":
			to = brotli.NewWriter(&encoded)
		case "zstd":
			to, _ = zstd.NewWriter(&encoded)
		}
		if _, err := to.Write(text); err != nil {
			t.Fatal(err)
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
		text = encoded.Bytes()
	}
	return text
}

// encoded starts a server that answers with a body under a Content-Encoding.
func encoded(t testing.TB, body []byte, header ...string) string {
	t.Helper()
	_, place := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Encoding"] = header
		_, _ = w.Write(body)
	})
	return place
}

func TestBodiesAreDecoded(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("Long live the text. ", 5000)
	for _, one := range []struct {
		codings []string
		header  []string
		want    bool
	}{
		{[]string{"gzip"}, []string{"gzip"}, true},
		{[]string{"gzip"}, []string{"X-GZIP"}, true},
		{[]string{"zlib"}, []string{"deflate"}, true},
		{[]string{"flate"}, []string{"deflate"}, true},
		{[]string{"br"}, []string{"br"}, true},
		{[]string{"zstd"}, []string{"zstd"}, true},
		{[]string{"gzip"}, []string{"identity, gzip"}, true},
		{nil, []string{"identity"}, false},
		{nil, []string{"unknown"}, false},
		{nil, nil, false},
	} {
		body := encode(t, []byte(text), one.codings...)
		place := encoded(t, body, one.header...)
		response, got := get(t, reaching(t, place), Request{URL: "http://" + place + "/"})
		if got != text || response.Decoded != one.want {
			t.Errorf("%q: %d bytes of %d, decoded %t", one.header, len(got), len(text), response.Decoded)
		}
		if wire, decoded := response.Received(); wire != int64(len(body)) || decoded != int64(len(text)) {
			t.Errorf("%q: received %d of %d, decoded %d", one.header, wire, len(body), decoded)
		}
		if got := field(response.Header, "content-encoding"); got != strings.Join(one.header, "|") {
			t.Errorf("%q: the header has %q", one.header, got)
		}
	}
	place := encoded(t, []byte(text), "gzip", "zstd") // what is between the two is bounded by nothing
	if err := refused(t, reaching(t, place), Request{URL: "http://" + place + "/"}); err.Category != Protocol {
		t.Errorf("%v", err)
	}
}

// readAll reads a body to its error.
func readAll(t testing.TB, c *Client, request Request) (int64, error) {
	t.Helper()
	response, err := c.Do(t.Context(), request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return io.Copy(io.Discard, response.Body)
}

func categoryOf(err error) Category {
	if known, ok := errors.AsType[*Error](err); ok {
		return known.Category
	}
	return ""
}

// Little on the wire cannot become much in memory.
func TestBombsAreBounded(t *testing.T) {
	t.Parallel()
	const limit = 256 << 10
	nothing := make([]byte, 16<<20)
	for coding, header := range map[string]string{"gzip": "gzip", "zlib": "deflate", "br": "br", "zstd": "zstd"} {
		place := encoded(t, encode(t, nothing, coding), header)
		n, err := readAll(t, reaching(t, place), Request{URL: "http://" + place + "/", MaxBytes: limit})
		if n != limit || categoryOf(err) != TooLarge {
			t.Errorf("%s: %d bytes, %v", coding, n, err)
		}
	}
}

// A window that no browser would make room for is refused.
func TestAZstdWindowThatIsTooLarge(t *testing.T) {
	t.Parallel()
	var large bytes.Buffer
	to, err := zstd.NewWriter(&large, zstd.WithWindowSize(16<<20))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = to.Write(make([]byte, 17<<20))
	_ = to.Close()
	place := encoded(t, large.Bytes(), "zstd")
	if n, err := readAll(t, reaching(t, place), Request{URL: "http://" + place + "/", MaxBytes: 128 << 20}); n != 0 || categoryOf(err) != Protocol {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// What decodes to nothing does not go on for ever.
func TestAnEndlessBodyOfNothing(t *testing.T) {
	t.Parallel()
	empty := encode(t, nil, "gzip")
	place := talk(t, func(c net.Conn, _ []string) {
		_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
		for block := bytes.Repeat(empty, 1000); err == nil; {
			_, err = c.Write(block)
		}
	})
	if n, err := readAll(t, reaching(t, place), Request{URL: "http://" + place + "/", MaxBytes: 1000}); n != 0 || categoryOf(err) != TooLarge {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestLimitsOfBodies(t *testing.T) {
	t.Parallel()
	_, place := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/flushed" {
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = io.WriteString(w, "0123456789")
	})
	c := reaching(t, place)
	for _, path := range []string{"/", "/flushed"} {
		if n, err := readAll(t, c, Request{URL: "http://" + place + path, MaxBytes: 10}); n != 10 || err != nil {
			t.Errorf("%s: %d bytes, %v", path, n, err)
		}
		if _, err := readAll(t, c, Request{URL: "http://" + place + path, MaxBytes: 9}); categoryOf(err) != TooLarge || !strings.Contains(err.Error(), "9 bytes") {
			t.Errorf("%s: %v", path, err)
		}
	}
	small := client(t, Config{Allow: allow(t, place), MaxResponse: 5})
	if _, err := readAll(t, small, Request{URL: "http://" + place + "/flushed"}); categoryOf(err) != TooLarge {
		t.Errorf("%v", err)
	}
}

func TestBodiesThatAreDamaged(t *testing.T) {
	t.Parallel()
	whole := encode(t, []byte(strings.Repeat("text", 1000)), "gzip")
	for name, answer := range map[string]string{
		"cut gzip":        "Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + string(whole[:20]),
		"cut gzip header": "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\n" + string(whole[:5]),
		"no gzip":         "Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n0123456789",
		"no brotli":       "Content-Encoding: br\r\nContent-Length: 10\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"no zstd":         "Content-Encoding: zstd\r\nContent-Length: 10\r\n\r\n0123456789",
		"short":           "Content-Length: 100\r\n\r\n0123456789",
		"chunk size":      "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
		"chunk cut":       "Transfer-Encoding: chunked\r\n\r\n10\r\nabc",
		"no last chunk":   "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		"chunk overflow":  "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n",
		"chunk extension": "Transfer-Encoding: chunked\r\n\r\n3;" + strings.Repeat("x", 1<<16) + "\r\nabc\r\n",
	} {
		place := talk(t, func(c net.Conn, _ []string) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n"+answer)
			_ = c.Close()
		})
		_, err := readAll(t, reaching(t, place), Request{URL: "http://" + place + "/"})
		if categoryOf(err) != Protocol {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Trailers change nothing of an answer.
func TestTrailersAreIgnored(t *testing.T) {
	t.Parallel()
	place := talk(t, func(c net.Conn, _ []string) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA B: no field\r\nTrailer: X-Late\r\n\r\n3\r\nabc\r\n0\r\nX-Late: yes\r\n\r\n")
	})
	response, body := get(t, reaching(t, place), Request{URL: "http://" + place + "/"})
	if body != "abc" || field(response.Header, "x-late")+field(response.Header, "a b") != "" {
		t.Errorf("%q, %v", body, response.Header)
	}
}

// A body that is closed, or whose context ends, lets go of who reads it.
func TestABodyThatIsGivenUp(t *testing.T) {
	t.Parallel()
	place := talk(t, func(c net.Conn, _ []string) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nabc") })
	c := reaching(t, place)
	ctx, cancel := context.WithCancel(t.Context())
	for name, end := range map[string]func(*Response){
		"closed":  func(r *Response) { _ = r.Body.Close() },
		"aborted": func(*Response) { cancel() },
	} {
		own := t.Context()
		if name == "aborted" {
			own = ctx
		}
		response, err := c.Do(own, Request{URL: "http://" + place + "/"})
		if err != nil {
			t.Fatal(err)
		}
		three := make([]byte, 3)
		if _, err := io.ReadFull(response.Body, three); err != nil || string(three) != "abc" {
			t.Fatalf("%q, %v", three, err)
		}
		read := make(chan error, 1)
		go func() {
			_, err := response.Body.Read(make([]byte, 10))
			read <- err
		}()
		end(response)
		if err := <-read; categoryOf(err) != Aborted {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := response.Body.Read(three); categoryOf(err) != Aborted {
			t.Errorf("%s, again: %v", name, err)
		}
	}
	cancel()
}
