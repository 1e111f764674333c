package main

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// peerTime is how long a peer may take nothing of what was sent to it (tcp(7),
	// TCP_USER_TIMEOUT). It costs a call nothing, where a deadline for each answer would.
	peerTime = 60 * time.Second

	// unsent is how much of an answer the system takes before it can be sent (tcp(7),
	// TCP_NOTSENT_LOWAT). With more, a slow reader looks quick at first and then dead.
	unsent = 128 << 10 // bytes
)

// setPeers sets what connections inherit from the listener.
func setPeers(_, _ string, conn syscall.RawConn) (err error) {
	if outer := conn.Control(func(fd uintptr) {
		err = errors.Join(
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(peerTime.Milliseconds())),
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsent),
		)
	}); outer != nil {
		return outer
	}
	return err
}
