package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// BinEnv names the folder of initdb and postgres, before every other place.
const BinEnv = "PICLOUD_PG_BIN"

// oldest is the first major version whose settings and features are used here.
const oldest = 14

// ErrNoServer says that no usable PostgreSQL server is installed.
var ErrNoServer = errors.New("no PostgreSQL server programs (initdb, postgres) found: install them (Debian and Ubuntu: " +
	"apt-get install postgresql), name their folder in " + BinEnv + ", or use a running server with DATABASE_URL")

// Binaries are the server programs of one PostgreSQL version.
type Binaries struct {
	Dir   string
	Major int
}

// Find looks for server programs in $PICLOUD_PG_BIN, in PATH and in the places where
// Debian, Fedora and Homebrew put them. It prefers the wanted major version (0 is any),
// then the newest.
func Find(wanted int) (Binaries, error) {
	if dir := os.Getenv(BinEnv); dir != "" {
		found, err := inspect(dir)
		if err != nil {
			return Binaries{}, fmt.Errorf("%s=%s: %w", BinEnv, dir, err)
		}
		return found, nil
	}
	var all []Binaries
	for _, dir := range folders() {
		if found, err := inspect(dir); err == nil && found.Major >= oldest {
			if found.Major == wanted {
				return found, nil
			}
			all = append(all, found)
		}
	}
	if len(all) == 0 {
		return Binaries{}, ErrNoServer
	}
	return slices.MaxFunc(all, func(a, b Binaries) int { return a.Major - b.Major }), nil
}

func folders() []string {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
	} {
		found, err := filepath.Glob(pattern)
		if err == nil {
			dirs = append(dirs, found...)
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

func inspect(dir string) (Binaries, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return Binaries{}, fmt.Errorf("initdb: %w", err)
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return Binaries{}, fmt.Errorf("postgres --version: %w", err)
	}
	match := regexp.MustCompile(`\(PostgreSQL\) (\d+)`).FindSubmatch(out)
	if match == nil {
		return Binaries{}, fmt.Errorf("postgres --version says %q", out)
	}
	major, err := strconv.Atoi(string(match[1]))
	if err != nil {
		return Binaries{}, fmt.Errorf("version %s: %w", match[1], err)
	}
	return Binaries{Dir: dir, Major: major}, nil
}

// Exists tells whether dir has a data directory of PostgreSQL, be it damaged. What cannot
// be looked at may be one.
func Exists(dir string) bool { return filled(filepath.Join(dir, "postgres")) }

func filled(folder string) bool {
	entries, err := os.ReadDir(folder)
	return len(entries) > 0 || err != nil && !errors.Is(err, os.ErrNotExist)
}

// majorOf reads the version of an existing data directory; 0 when there is none.
func majorOf(dataDir string) (int, error) {
	text, err := os.ReadFile(filepath.Join(dataDir, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		if !filled(dataDir) {
			return 0, nil
		}
		err = errors.New("its file PG_VERSION is missing")
	}
	if err != nil {
		return 0, damaged(dataDir, err)
	}
	version := strings.TrimSpace(string(text))
	major, err := strconv.Atoi(version)
	if err != nil || major <= 0 {
		return 0, damaged(dataDir, fmt.Errorf("its file PG_VERSION holds %.20q", version))
	}
	return major, nil
}

func damaged(dataDir string, why error) error {
	return fmt.Errorf("the database in %s cannot be used: %w; put the folder back from a copy, or move it away to begin with an empty one", dataDir, why)
}
