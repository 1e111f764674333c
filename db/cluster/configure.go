package cluster

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// settings are ours, for a small machine: durable, quiet when idle, quick at COPY.
// Statements are kept out of the server's log, since they may hold what people wrote.
func settings(socket string) map[string]string {
	return map[string]string{
		"listen_addresses":           "",
		"port":                       "5432",
		"unix_socket_directories":    socket,
		"unix_socket_permissions":    "0700",
		"max_connections":            "50",
		"password_encryption":        "scram-sha-256",
		"shared_buffers":             "32MB",
		"effective_cache_size":       "512MB",
		"work_mem":                   "8MB",
		"maintenance_work_mem":       "64MB",
		"max_worker_processes":       "4",
		"max_parallel_workers":       "2",
		"jit":                        "off",
		"huge_pages":                 "off",
		"max_locks_per_transaction":  "256",
		"fsync":                      "on",
		"synchronous_commit":         "on",
		"full_page_writes":           "on",
		"wal_level":                  "minimal",
		"max_wal_senders":            "0",
		"wal_buffers":                "8MB",
		"min_wal_size":               "128MB",
		"max_wal_size":               "1GB",
		"checkpoint_timeout":         "15min",
		"autovacuum_naptime":         "1min",
		"autovacuum_max_workers":     "2",
		"logging_collector":          "off",
		"log_destination":            "stderr",
		"log_line_prefix":            "",
		"log_checkpoints":            "off",
		"log_min_error_statement":    "panic",
		"log_error_verbosity":        "terse",
		"lc_messages":                "C",
		"timezone":                   "UTC",
		"log_timezone":               "UTC",
		"default_text_search_config": "pg_catalog.simple",
	}
}

// LocalSettings is the file of the operator's own settings, beside the data directory.
const LocalSettings = "postgresql.local.conf"

func (c *Cluster) configure() error {
	all := settings(c.Socket)
	maps.Copy(all, c.settings)
	var text strings.Builder
	text.WriteString("# Written at every start. Your own settings belong in ../" + LocalSettings + ".\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&text, "%s = '%s'\n", name, strings.ReplaceAll(all[name], "'", "''"))
	}
	text.WriteString("include_if_exists = '../" + LocalSettings + "'\n")
	if err := c.write(filepath.Join(c.Data(), "postgresql.conf"), text.String()); err != nil {
		return err
	}
	return c.write(filepath.Join(c.Data(), "pg_hba.conf"), "local all all scram-sha-256\n")
}

// write replaces a file of the account whole, mode 0600.
func (c *Cluster) write(path, text string) error {
	fresh := path + ".new"
	if err := os.WriteFile(fresh, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := c.Account.Own(fresh); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func (c *Cluster) passwordFile(role string) string { return passwordFile(c.dir, role) }

func passwordFile(dir, role string) string {
	return filepath.Join(dir, "postgres-password-"+strings.TrimPrefix(role, "picloud_"))
}

// Password reads the password of a role; it makes one of 256 random bits when there is
// none yet.
func (c *Cluster) Password(role string) (string, error) {
	text, err := os.ReadFile(c.passwordFile(role))
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("password of %s: %w", role, err)
	}
	random := make([]byte, 32)
	rand.Read(random)
	password := hex.EncodeToString(random)
	return password, c.write(c.passwordFile(role), password+"\n")
}

// URL is the address of a database for a role.
func (c *Cluster) URL(role, database string) (string, error) {
	password, err := c.Password(role)
	if err != nil {
		return "", err
	}
	return socketURL(c.Socket, role, password, database), nil
}

func socketURL(socket, role, password, database string) string {
	query := url.Values{"host": {socket}, "port": {"5432"}, "sslmode": {"disable"}}.Encode()
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, password), Path: "/" + database,
		RawQuery: strings.ReplaceAll(query, "+", "%20"), // the driver takes a + for itself
	}
	return address.String()
}
