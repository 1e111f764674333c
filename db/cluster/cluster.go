// Package cluster knows one PostgreSQL data directory: which server programs fit it, how
// it is made and configured, the command that serves it, and who of an earlier life may
// still be serving it. It starts nothing that outlives a call and has no goroutines;
// package db supervises the server.
package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"picloud/engine/account"
)

// The roles of a private server. Super is for set-up alone; Manager owns the database
// and is no superuser; Worker has only what package db grants it.
const (
	Super    = "picloud_super"
	Manager  = "picloud_manager"
	Worker   = "picloud_worker"
	Database = "picloud"
)

// Cluster is one private PostgreSQL below a folder that is its own:
//
//	postgres/              the data directory of PostgreSQL
//	postgres-password-*    one password per role, mode 0600
//	postgresql.local.conf  settings of the operator, read after ours; optional
//	socket/                the Unix socket, where its path is short enough
type Cluster struct {
	Account  account.Account
	Binaries Binaries
	Socket   string // folder of the Unix socket
	dir      string
	settings map[string]string
}

// Open prepares the folder dir, which must exist and belong to the account, and makes a
// new data directory in it when there is none (about a second). Settings go over ours.
// The caller holds the lock of the folder.
func Open(ctx context.Context, dir string, owner account.Account, settings map[string]string) (*Cluster, error) {
	c := &Cluster{Account: owner, dir: dir, settings: settings}
	major, err := majorOf(c.Data())
	if err != nil {
		return nil, err
	}
	if c.Binaries, err = Find(major); err != nil {
		return nil, err
	}
	if major != 0 && major != c.Binaries.Major {
		return nil, fmt.Errorf("the database in %s was made by PostgreSQL %d, but the server programs found in %s are version %d: "+
			"install PostgreSQL %d or name its folder in %s, or move the data over with pg_upgrade",
			c.Data(), major, c.Binaries.Dir, c.Binaries.Major, major, BinEnv)
	}
	if err := c.StopOrphan(ctx); err != nil {
		return nil, err
	}
	if major == 0 {
		if err := c.initialize(ctx); err != nil {
			return nil, err
		}
	}
	if err := c.makeSocketFolder(); err != nil {
		return nil, err
	}
	return c, c.configure()
}

// Data is the data directory of PostgreSQL.
func (c *Cluster) Data() string { return filepath.Join(c.dir, "postgres") }

// Command is the server in the foreground, its log on standard error. It does nothing
// of its own about the end of its parent.
func (c *Cluster) Command() *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.Binaries.Dir, "postgres"), "-D", c.Data())
	cmd.Dir = c.Data()
	cmd.Env = append(environment(), keptMemory...)
	cmd.SysProcAttr = c.Account.Child(0)
	return cmd
}

// keptMemory makes glibc (mallopt(3)) keep up to 4 MiB a backend between two statements:
// every COPY would otherwise take its memory from the kernel anew, page by page.
var keptMemory = []string{"MALLOC_TRIM_THRESHOLD_=4194304", "MALLOC_TOP_PAD_=1048576", "MALLOC_MMAP_THRESHOLD_=4194304"}

// environment has nothing of ours: no password, no PG… variable that would change the
// server.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}

// initialize makes the data directory under another name first, so that a half made one
// is never taken for whole.
func (c *Cluster) initialize(ctx context.Context) error {
	if err := os.Remove(c.Data()); err != nil && !errors.Is(err, os.ErrNotExist) { // an empty one would be in the way
		return fmt.Errorf("make the database: %w", err)
	}
	fresh := c.Data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("remove a half made database: %w", err)
	}
	for _, role := range []string{Super, Manager, Worker} {
		if _, err := c.Password(role); err != nil {
			return err
		}
	}
	err := c.initdb(ctx, fresh, "C.UTF-8")
	if err != nil && ctx.Err() == nil {
		if removeErr := os.RemoveAll(fresh); removeErr != nil {
			return errors.Join(err, removeErr)
		}
		err = c.initdb(ctx, fresh, "C")
	}
	if err != nil {
		return err
	}
	if err := os.Rename(fresh, c.Data()); err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	return nil
}

func (c *Cluster) initdb(ctx context.Context, dir, locale string) error {
	args := []string{
		"-D", dir, "-U", Super, "--pwfile", c.passwordFile(Super), "--encoding", "UTF8",
		"--locale", locale, "--data-checksums", "--auth", "scram-sha-256",
	}
	if c.settings["fsync"] == "off" {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.Binaries.Dir, "initdb"), args...)
	cmd.Dir = c.dir
	cmd.Env = environment()
	cmd.SysProcAttr = c.Account.Child(0)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// makeSocketFolder chooses a private folder for the socket: beside the data, or, where
// that path is too long for a Unix socket (107 bytes, unix(7)), a new temporary one.
func (c *Cluster) makeSocketFolder() error {
	c.Socket = filepath.Join(c.dir, "socket")
	if len(SocketFile(c.Socket)) <= 107 {
		if err := os.Mkdir(c.Socket, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("folder of the database socket: %w", err)
		}
		if err := os.Chmod(c.Socket, 0o700); err != nil {
			return fmt.Errorf("folder of the database socket: %w", err)
		}
		return c.Account.Own(c.Socket)
	}
	dir, err := os.MkdirTemp("/tmp", socketPrefix)
	if err != nil {
		return fmt.Errorf("folder of the database socket: %w", err)
	}
	c.Socket = dir
	return c.Account.Own(dir)
}

const socketPrefix = "picloud-socket-"

// SocketFile is the socket in a folder.
func SocketFile(folder string) string { return filepath.Join(folder, ".s.PGSQL.5432") }

// Clean removes what only a running server needs. Call it when the server has ended.
func (c *Cluster) Clean() error { return removeSocketFolder(c.Socket) }

func removeSocketFolder(folder string) error {
	if filepath.Dir(folder) != "/tmp" || !strings.HasPrefix(filepath.Base(folder), socketPrefix) {
		return nil
	}
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("remove folder of the database socket: %w", err)
	}
	return nil
}
