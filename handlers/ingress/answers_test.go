package ingress

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"picloud/engine/id"
)

const mebi = 1 << 20

// An app and an address have shares; what is over them waits, and what is over the waiting's
// share is refused at once. In the end nothing is held.
func TestRoomForAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var held atomic.Int64
		a := NewAnswers(64*mebi, 4*mebi, func(difference int64) { held.Add(difference) })
		evil, shop := id.New[id.App](), id.New[id.App]()
		near, far := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
		third, fourth := netip.MustParseAddr("10.0.0.3"), netip.MustParseAddr("10.0.0.4")
		var gives []func()
		take := func(app id.App, address netip.Addr, want bool, wait time.Duration) {
			t.Helper()
			began := time.Now()
			give, got := a.room(t.Context(), holder{app, address}, 4*mebi)
			if took := time.Since(began); got != want || took != wait {
				t.Errorf("got room: %v after %v, want %v after %v", got, took, want, wait)
			}
			if got {
				gives = append(gives, give)
			}
		}
		take(evil, near, true, 0)
		go a.room(t.Context(), holder{evil, near}, 4*mebi)
		synctest.Wait()
		take(evil, near, false, 0) // one of them waits already
		take(evil, far, true, 0)   // which keeps nobody else out of the app
		take(id.New[id.App](), near, false, 0)
		take(shop, third, true, 0)
		take(evil, third, false, 0)
		take(shop, fourth, true, 0)
		take(id.New[id.App](), netip.MustParseAddr("10.0.0.5"), false, answerPatience)
		synctest.Wait() // nobody waits any more
		if held.Load() != 16*mebi {
			t.Errorf("%d bytes are said to be held", held.Load())
		}
		time.AfterFunc(time.Second, gives[0])
		take(evil, near, true, time.Second)
		for _, give := range gives[1:] {
			give()
		}
		if held.Load() != 0 || a.writing.used != 0 || a.waiting.used != 0 || len(a.writing.apps) != 0 || len(a.writing.addresses) != 0 {
			t.Errorf("%d bytes are left: %v", held.Load(), a.writing)
		}
	})
}

// A caller who reads slowly gets everything, one who stops is cut off.
func TestDeadlineOfAnAnswerFollowsProgress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		second, all int // bytes that are read in a second, and in all
		want        time.Duration
	}{
		"slow":    {20 << 10, 2 * mebi, 105 * time.Second},
		"stops":   {20 << 10, 100 << 10, 5*time.Second + sendGrace},
		"nothing": {1, 0, sendGrace},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				took, sent := served(t, bytes.NewReader(make([]byte, 2*mebi)), func(conn net.Conn) {
					for got := 0; got < c.all; {
						time.Sleep(time.Second)
						n, err := io.CopyN(io.Discard, conn, int64(c.second))
						if got += int(n); err != nil {
							return
						}
					}
				})
				if whole := c.all == 2*mebi; sent != whole || took > c.want+2*time.Second || !whole && took < sendGrace {
					t.Errorf("sent all: %v, after %v", sent, took)
				}
			})
		})
	}
}

// served sends a body over a pipe to who reads, and tells how long that took and whether all
// of it went.
func served(t *testing.T, body *bytes.Reader, read func(net.Conn)) (took time.Duration, whole bool) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	ended := make(chan struct{})
	began := time.Now()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer close(ended)
		send(w, body)
		took, whole = time.Since(began), body.Len() == 0
	})}
	listener := &single{conn: make(chan net.Conn, 1)}
	listener.conn <- ours
	go server.Serve(listener) //nolint:errcheck // ends with Close
	if _, err := io.WriteString(theirs, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	read(theirs)
	<-ended
	theirs.Close()
	_ = server.Shutdown(context.Background())
	return took, whole
}

// single is a listener of one connection.
type single struct{ conn chan net.Conn }

func (s *single) Accept() (net.Conn, error) {
	conn, open := <-s.conn
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (s *single) Close() error { close(s.conn); return nil }

func (s *single) Addr() net.Addr { return &net.TCPAddr{} }
