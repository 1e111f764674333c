package dbtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"picloud/db/cluster"
	"picloud/engine/account"
)

func server() (string, error) {
	if address := os.Getenv(ServerEnv); address != "" {
		return address, nil
	}
	return Serve()
}

// keeper serves, and when its standard input ends, as it does with the process that
// holds the other end, however that ends, it stops the server and removes the folder.
const keeper = `cd /; folder=$1; shift; "$@" >"$folder/log" 2>&1 & server=$!; read -r end; kill -QUIT $server; wait $server; rm -rf "$folder"`

// Serve starts a PostgreSQL that lives as long as this process and returns the address
// of its superuser. It is quick and forgets everything: nothing is synced to disk.
func Serve() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	owner, err := account.Choose()
	if err != nil {
		return "", err
	}
	folder, err := os.MkdirTemp("/tmp", "picloud-test-")
	if err != nil {
		return "", fmt.Errorf("test server: %w", err)
	}
	address, err := serve(ctx, folder, owner)
	if err != nil {
		log, readErr := os.ReadFile(filepath.Join(folder, "log"))
		if readErr == nil {
			err = fmt.Errorf("%w: %s", err, log)
		}
		return "", fmt.Errorf("test server: %w", err)
	}
	return address, nil
}

func serve(ctx context.Context, folder string, owner account.Account) (string, error) {
	if err := owner.Own(folder); err != nil {
		return "", err
	}
	made, err := cluster.Open(ctx, folder, owner, map[string]string{
		"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300",
		"shared_buffers": "64MB", "max_wal_size": "256MB",
	})
	if err != nil {
		return "", err
	}
	input, end, err := os.Pipe()
	if err != nil {
		return "", fmt.Errorf("pipe: %w", err)
	}
	defer input.Close()
	command := made.Command()
	cmd := exec.Command("/bin/sh", append([]string{"-c", keeper, "keeper", folder}, command.Args...)...)
	cmd.Stdin, cmd.Dir, cmd.Env, cmd.SysProcAttr = input, "/", command.Env, command.SysProcAttr
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("start: %w", err)
	}
	address, err := made.URL(cluster.Super, "postgres")
	if err != nil {
		return "", err
	}
	if err := awaitServer(ctx, address); err != nil {
		return "", err
	}
	process.keeper = end
	return address, nil
}

func awaitServer(ctx context.Context, address string) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, address)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", err)
		case <-tick.C:
		}
	}
}
