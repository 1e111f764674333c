package ingress

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

// peerConn is a connection of somebody.
type peerConn struct {
	net.Conn
	peer   string
	closed bool
}

func (c *peerConn) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(c.peer), 1))
}
func (c *peerConn) Close() error { c.closed = true; return nil }

// Idle connections make room for those who come: the oldest of the heaviest address first.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	t.Parallel()
	p := NewPlaces(80, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	now := time.Now()
	come := func(peer string) (*peerConn, *place) {
		now = now.Add(time.Millisecond)
		conn := &peerConn{peer: peer}
		return conn, p.take(conn, now)
	}
	friend, _ := come("1.1.1.1")
	busy, at := come("2.2.2.2")
	at.idle.Store(0)
	var heavy []*peerConn
	for range 39 {
		conn, _ := come("2.2.2.2")
		heavy = append(heavy, conn)
	}
	if conn, at := come("2001:db8::1"); at == nil || heavy[0].closed || conn.closed {
		t.Error("somebody has to go while there are places")
	}
	// Its share is half: its own oldest go, not the busy one.
	if _, at := come("2.2.2.2"); at == nil || !heavy[0].closed || !heavy[4].closed || heavy[5].closed || busy.closed {
		t.Error("an address over its share does not pay with its own oldest ones")
	}
	var proxied []*place
	for len(p.open) < 72 {
		_, at := come("10.0.0.1")
		proxied = append(proxied, at)
		at.idle.Store(0)
	}
	now = now.Add(2 * time.Second)
	come("3.3.3.3")
	if friend.closed || !heavy[5].closed || !heavy[14].closed || heavy[15].closed || busy.closed {
		t.Error("when places run short it is not the heaviest address's oldest that go")
	}
	for len(p.open) < 80 {
		_, at := come("10.0.0.1")
		at.idle.Store(0)
	}
	if _, at := come("10.0.0.1"); at == nil {
		t.Error("a proxy has a share")
	}
	for at := range p.open {
		at.idle.Store(0)
	}
	for len(p.open) < 80 {
		_, at := come("10.0.0.1")
		at.idle.Store(0)
	}
	if conn, at := come("4.4.4.4"); at != nil || conn.closed {
		t.Error("there is a place too many")
	}
	for _, at := range proxied {
		at.Close()
		at.Close()
	}
	if _, at := come("4.4.4.4"); at == nil {
		t.Error("a place that was given back is lost")
	}
}

// A connection with a request under way is not idle, one that kept alive is.
func TestAttendedConnections(t *testing.T) {
	t.Parallel()
	p := NewPlaces(8, nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked, answer := make(chan struct{}), make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-answer
	})}
	p.Attend(server)
	go server.Serve(p.Listen(listener)) //nolint:errcheck // ends with Close
	defer server.Close()
	got := make(chan error)
	go func() {
		reply, err := http.Get("http://" + listener.Addr().String())
		if err == nil {
			_, err = io.Copy(io.Discard, reply.Body)
		}
		got <- err
	}()
	<-asked
	count := func() (open, idle int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.open) == 0 && len(p.addresses) != 0 {
			t.Errorf("left: %v", p.addresses)
		}
		for at := range p.open {
			if open++; at.idle.Load() != 0 {
				idle++
			}
		}
		return open, idle
	}
	if open, idle := count(); open != 1 || idle != 0 {
		t.Errorf("%d open, %d idle while a request is under way", open, idle)
	}
	close(answer)
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; {
		if _, idle := count(); idle == 1 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("never idle")
		}
	}
	server.Close()
	for end := time.Now().Add(10 * time.Second); ; {
		if open, _ := count(); open == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("never given back")
		}
	}
}
