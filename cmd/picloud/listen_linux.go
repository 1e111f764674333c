package main

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// peerTime is how long a peer may take nothing of what was sent to it (tcp(7),
// TCP_USER_TIMEOUT); connections inherit it from the listener. It costs a call nothing,
// where a deadline for each answer would.
const peerTime = 60 * time.Second

func setPeerTime(_, _ string, conn syscall.RawConn) (err error) {
	if outer := conn.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(peerTime.Milliseconds()))
	}); outer != nil {
		return outer
	}
	return err
}
