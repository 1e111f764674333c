// Command server runs another command with a PostgreSQL for its tests: it starts the
// server, names it in PICLOUD_TEST_POSTGRES, runs the command given as arguments and
// ends with its exit status. The server goes away with it, however it ends.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"picloud/db/dbtest"
)

func main() {
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "test server:", err)
	}
	os.Exit(status)
}

func run(command []string) (int, error) {
	if len(command) == 0 {
		return 2, errors.New("want a command to run")
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	address, err := dbtest.Serve()
	if err != nil {
		return 1, err
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), dbtest.ServerEnv+"="+address)
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("start %s: %w", command[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case got := <-signals:
			if err := cmd.Process.Signal(got); err != nil && !errors.Is(err, os.ErrProcessDone) {
				return 1, fmt.Errorf("pass on %s: %w", got, err)
			}
		case err := <-ended:
			if exit, ok := errors.AsType[*exec.ExitError](err); ok {
				return max(exit.ExitCode(), 1), nil
			}
			if err != nil {
				return 1, fmt.Errorf("run %s: %w", command[0], err)
			}
			return 0, nil
		}
	}
}
