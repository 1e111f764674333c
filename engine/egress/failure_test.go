package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

var errNone = errors.New("none")

// quiet is a log of servers whose callers hang up on purpose.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// checkText looks for what no function is told: addresses that were looked up, the words of
// Go's errors.
func checkText(t *testing.T, err error, host string) {
	t.Helper()
	text := strings.ReplaceAll(err.Error(), host, "HOST")
	if regexp.MustCompile(`\d+\.\d+\.\d+\.\d+|::|\b(dial|tcp|lookup|read|write|net/http|x509|EOF|i/o|syscall|connect:)\b`).MatchString(text) || !strings.Contains(text, "HOST") {
		t.Errorf("the text is %q", err)
	}
}

// closedPort is a port on which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return portAt(t, listener.Addr().String())
}

func TestFailuresHaveACategory(t *testing.T) {
	t.Parallel()
	known, resolver := names(t)
	closed := closedPort(t)
	answers := map[string]string{
		"not-http":    "SSH-2.0-OpenSSH_9.9\r\n",
		"no-answer":   "",
		"switching":   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
		"no-status":   "HTTP/1.1 abc OK\r\n\r\n",
		"two-lengths": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"huge":        "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 2*maxHeader) + "\r\n\r\n",
		"many":        "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", maxHeader/4) + "\r\n",
		"interim":     strings.Repeat("HTTP/1.1 103 Early Hints\r\nX: "+strings.Repeat("x", 1000)+"\r\n\r\n", 100),
	}
	place := talk(t, func(c net.Conn, head []string) {
		_, _ = io.WriteString(c, answers[strings.TrimPrefix(strings.Fields(head[0])[1], "/")])
		_ = c.Close()
	})
	_, plain := serve(t, hello)
	port, plainPort := portAt(t, place), portAt(t, plain)
	known.answer("plain.test", "127.0.0.1")
	known.answer("up.test", "127.0.0.1")
	known.answer("down.test", "127.0.0.1")
	known.answer("inside.test", "10.0.0.1")
	c := client(t, Config{Resolver: resolver, Allow: allow(t, "up.test:"+port+" down.test:"+closed+" plain.test:"+plainPort)})
	for url, want := range map[string]Category{
		"http://missing.test/":                    DNS,
		"http://down.test:" + closed + "/":        Refused,
		"http://inside.test/":                     Forbidden,
		"https://plain.test:" + plainPort + "/":   TLS,
		"http://up.test:" + port + "/not-http":    Protocol,
		"http://up.test:" + port + "/no-answer":   Protocol,
		"http://up.test:" + port + "/switching":   Protocol,
		"http://up.test:" + port + "/no-status":   Protocol,
		"http://up.test:" + port + "/two-lengths": Protocol,
		"http://up.test:" + port + "/huge":        TooLarge,
		"http://up.test:" + port + "/many":        TooLarge,
		"http://up.test:" + port + "/interim":     TooLarge,
	} {
		err := refused(t, c, Request{URL: url})
		if err.Category != want {
			t.Errorf("%s: %v (%v)", url, err, errors.Unwrap(err))
		}
		checkText(t, err, err.Host)
		if len(err.Hops) != 1 || err.Hops[0].Status == 200 {
			t.Errorf("%s: %+v", url, err.Hops)
		}
	}
}

func TestFailuresOfTLS(t *testing.T) {
	t.Parallel()
	known, resolver := names(t)
	known.answer("example.com", "127.0.0.1") // the test certificate's name
	known.answer("other.test", "127.0.0.1")
	server := httptest.NewUnstartedServer(http.HandlerFunc(hello))
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	t.Cleanup(server.Close)
	old := httptest.NewUnstartedServer(http.HandlerFunc(hello))
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11}
	old.Config.ErrorLog = quiet()
	old.StartTLS()
	t.Cleanup(old.Close)
	port, oldPort := portAt(t, server.Listener.Addr().String()), portAt(t, old.Listener.Addr().String())
	list := allow(t, "example.com:"+port+" other.test:"+port+" example.com:"+oldPort)
	trusting := client(t, Config{Resolver: resolver, RootCAs: authority(server), Allow: list})
	if _, body := get(t, trusting, Request{URL: "https://example.com:" + port + "/"}); body != "hello" {
		t.Errorf("%q", body)
	}
	strict := client(t, Config{Resolver: resolver, RootCAs: x509.NewCertPool(), Allow: list})
	for _, one := range []struct {
		c         *Client
		url, says string
	}{
		{trusting, "https://other.test:" + port + "/", "another name"},
		{strict, "https://example.com:" + port + "/", "nobody known"},
		{trusting, "https://example.com:" + oldPort + "/", "TLS handshake"},
	} {
		err := refused(t, one.c, Request{URL: one.url})
		if err.Category != TLS || !strings.Contains(err.Error(), one.says) {
			t.Errorf("%s: %v", one.url, err)
		}
		checkText(t, err, err.Host)
	}
}

// A request ends with its context, whatever it waits for.
func TestRequestsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 100)
	silent := talk(t, func(net.Conn, []string) { asked <- struct{}{} })
	slow := talk(t, func(c net.Conn, _ []string) {
		asked <- struct{}{}
		for _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n"); err == nil; {
			_, err = io.WriteString(c, "X: y\r\n")
			if len(asked) > 50 {
				return
			}
			asked <- struct{}{}
		}
	})
	mute, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never says hello
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	_, deaf := names(t)
	deaf.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		asked <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	c := client(t, Config{Allow: allow(t, silent+" "+slow+" "+mute.Addr().String()), Resolver: deaf})
	for _, url := range []string{"http://" + silent + "/", "http://" + slow + "/", "https://" + mute.Addr().String() + "/", "http://slow.test/"} {
		ctx, cancel := context.WithCancel(t.Context())
		if !strings.HasPrefix(url, "https") {
			go func() { <-asked; cancel() }()
		} else {
			go func() {
				if c, err := mute.Accept(); err == nil {
					defer c.Close()
				}
				cancel()
			}()
		}
		began := time.Now()
		_, err := c.Do(ctx, Request{URL: url})
		if categoryOf(err) != Aborted || !errors.Is(err, context.Canceled) || time.Since(began) > 5*time.Second {
			t.Errorf("%s: %v", url, err)
		}
		cancel()
		ctx, cancel = context.WithDeadline(t.Context(), time.Now())
		if _, err := c.Do(ctx, Request{URL: url}); categoryOf(err) != Timeout {
			t.Errorf("%s: %v", url, err)
		}
		cancel()
	}
}

// An error that is wrapped with its cause tells logs more than functions.
func TestTheCauseIsForLogs(t *testing.T) {
	t.Parallel()
	err := fail(Protocol, "%s is broken: %%", fmt.Errorf("driver: %w", errNone)).about("a.test", nil)
	if err.Error() != "protocol: a.test is broken: %%" || !errors.Is(err, errNone) {
		t.Errorf("%v", err)
	}
}
