package main

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// TestListenerStaysNonBlocking: handing the public listener to a worker once made it block in
// the manager, whose Close then waited for a connection that went elsewhere.
func TestListenerStaysNonBlocking(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	file, err := shared(listener.(*net.TCPListener))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	flags, err := unix.FcntlInt(file.Fd(), unix.F_GETFL, 0) // a child is given Fd
	if err != nil || flags&unix.O_NONBLOCK == 0 {
		t.Errorf("flags %#x, %v", flags, err)
	}
	again, err := net.FileListener(file)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
	if flags, err := unix.FcntlInt(file.Fd(), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
		t.Errorf("flags %#x, %v", flags, err)
	}
}
