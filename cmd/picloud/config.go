package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"picloud/db"
	"picloud/engine/access"
	"picloud/engine/account"
	"picloud/engine/bundle"
	"picloud/engine/egress"
	"picloud/engine/fault"
	"picloud/engine/seal"
)

// config is every setting of the product. The order of options is that of the README.
type config struct {
	addr              string
	dashboardAddr     string // "": the dashboard is at addr alone
	dataDir           string
	baseURL           string
	functionsHost     string
	trustedProxies    []netip.Prefix
	roles             []string
	singleProcess     bool
	databaseURL       string
	workerDatabaseURL string
	pgBin             string // read by db/cluster
	adminEmail        string
	adminPassword     string
	secretKey         string
	fetchAllow        string // as egress.ParseAllow reads it
	fetchProxy        string
	fetchNAT64        bool
	maxRunning        int
	moduleDepth       int
	maxWaiting        int
	maxBody           int64
	bodiesInFlight    int64
	wallLimit         time.Duration
	cpuLimit          time.Duration
	workerMemory      int64
	retentionDays     int
	retentionSize     int64
	ringSize          int64
	logFormat         string
	logLevel          string
}

func (c *config) options() []option {
	return []option{
		{flag: "addr", env: "PICLOUD_ADDR", fallback: "127.0.0.1:8080", usage: "address to listen on", set: address(&c.addr)},
		{flag: "dashboard-addr", env: "PICLOUD_DASHBOARD_ADDR", usage: "a second address, for the dashboard alone, which no function's crash disturbs", set: optional(address(&c.dashboardAddr))},
		{flag: "data-dir", env: "PICLOUD_DATA_DIR", fallback: "data", usage: "folder for the private PostgreSQL, journals and sockets", set: c.setDataDir},
		{flag: "base-url", env: "PICLOUD_BASE_URL", usage: "public address of the dashboard, such as https://pi.example", set: c.setBaseURL},
		{flag: "functions-host", env: "PICLOUD_FUNCTIONS_HOST", fallback: "localhost", usage: "apps answer at <app>.<functions-host>; \"none\" leaves only /fn/, and localhost counts where the base URL is this machine's", set: c.setFunctionsHost},
		{flag: "trusted-proxies", env: "PICLOUD_TRUSTED_PROXIES", usage: "addresses or prefixes whose X-Forwarded-… headers are believed", set: prefixes(&c.trustedProxies)},
		{flag: "roles", env: "PICLOUD_ROLES", fallback: "manager,orchestrator,executor", usage: "what this node does; for now all three", set: c.setRoles},
		{flag: "single-process", env: "PICLOUD_SINGLE_PROCESS", fallback: "false", usage: "run manager and worker in one process (tests, debugging)", set: boolean(&c.singleProcess)},
		{env: "DATABASE_URL", usage: "a PostgreSQL to use instead of the private one", secret: true, set: c.setDatabaseURL},
		{env: "PICLOUD_WORKER_DATABASE_URL", usage: "the same with a narrower role, for workers", secret: true, set: text(&c.workerDatabaseURL)},
		{env: "PICLOUD_PG_BIN", usage: "folder of the private PostgreSQL's programs; empty: where they are usually found", set: text(&c.pgBin)},
		{env: "PICLOUD_ADMIN_EMAIL", usage: "owner to create when there is no user yet", set: text(&c.adminEmail)},
		{env: "PICLOUD_ADMIN_PASSWORD", usage: "that owner's password", secret: true, set: text(&c.adminPassword)},
		{env: "PICLOUD_SECRET_KEY", usage: "key that seals the secrets of functions: 32 random bytes in base64; of several, separated by commas, the first seals; empty: one is made in the data folder", secret: true, set: c.setSecretKey},
		{flag: "fetch-allow", env: "PICLOUD_FETCH_ALLOW", usage: "places beyond the public internet that functions of all apps may send requests to, separated by commas or blanks, such as 192.168.1.20:8123 nas.local", set: c.setFetchAllow},
		{env: "PICLOUD_FETCH_PROXY", usage: "proxy for requests that functions send to the internet, such as http://proxy.lan:3128; no other is used for them", secret: true, set: c.setFetchProxy},
		{flag: "fetch-nat64", env: "PICLOUD_FETCH_NAT64", fallback: "false", usage: "functions may reach the IPv4 internet through 64:ff9b::/96, in a network that has IPv6 alone", set: boolean(&c.fetchNAT64)},
		{flag: "max-running", env: "PICLOUD_MAX_RUNNING", fallback: "64", usage: "runs at a time that execute or are ready to", set: number(&c.maxRunning, 1, 512)},
		{flag: "max-waiting", env: "PICLOUD_MAX_WAITING", fallback: "1024", usage: "runs at a time beside them that wait for a timer or an answer", set: number(&c.maxWaiting, 0, 16384)},
		{flag: "module-depth", env: "PICLOUD_MODULE_DEPTH", fallback: "8", usage: "modules that may import each other in a row", set: number(&c.moduleDepth, 1, bundle.MaxDepth)},
		{flag: "max-body", env: "PICLOUD_MAX_BODY", fallback: "1MiB", usage: "size of a request body", set: size(&c.maxBody, 1<<10, 100<<20)},
		{flag: "bodies-in-flight", env: "PICLOUD_BODIES_IN_FLIGHT", fallback: "64MiB", usage: "size of all request bodies at a time; an app has a quarter of it, an address an eighth", set: size(&c.bodiesInFlight, 1<<20, 1<<30)},
		{flag: "wall-limit", env: "PICLOUD_WALL_LIMIT", fallback: "30s", usage: "time of a run from start to end", set: duration(&c.wallLimit, 100*time.Millisecond, 5*time.Minute)},
		{flag: "cpu-limit", env: "PICLOUD_CPU_LIMIT", fallback: "2s", usage: "executing time of a run, waits not counted", set: duration(&c.cpuLimit, 50*time.Millisecond, 5*time.Minute)},
		{flag: "worker-memory", env: "PICLOUD_WORKER_MEMORY", fallback: "384MiB", usage: "live heap of the worker process", set: size(&c.workerMemory, 64<<20, 64<<30)},
		{flag: "retention-days", env: "PICLOUD_RETENTION_DAYS", fallback: "14", usage: "days that runs and logs are kept", set: number(&c.retentionDays, 1, 3650)},
		{flag: "retention-size", env: "PICLOUD_RETENTION_SIZE", fallback: "2GiB", usage: "size that runs and logs may have on disk; an app may add a quarter of it a day", set: size(&c.retentionSize, 16<<20, 1<<50)},
		{flag: "ring-size", env: "PICLOUD_RING_SIZE", fallback: "96MiB", usage: "size of the ring of records that wait for PostgreSQL", set: size(&c.ringSize, 1<<20, 1<<30)},
		{flag: "log-format", env: "PICLOUD_LOG_FORMAT", fallback: "text", usage: "text or json", set: oneOf(&c.logFormat, "text", "json")},
		{flag: "log-level", env: "PICLOUD_LOG_LEVEL", fallback: "info", usage: "debug, info, warn or error", set: oneOf(&c.logLevel, "debug", "info", "warn", "error")},
	}
}

func readConfig(arguments []string, getenv func(string) string) (*config, []string, error) {
	c := &config{}
	rest, err := c.read(c.options(), arguments, getenv)
	if err != nil {
		return nil, nil, err
	}
	return c, rest, nil
}

// read fills the config and returns all its faults, those of settings that do not fit
// together included.
// leastRing is how much of the ring each run at a time needs, in bytes: a bare row for it and
// for those in the queue. Fewer runs can wait for something where there is no more.
const leastRing = 16 << 10

func (c *config) read(options []option, arguments []string, getenv func(string) string) (rest []string, err error) {
	rest, err = load(options, arguments, getenv)
	if errors.Is(err, flag.ErrHelp) {
		return nil, err
	}
	if c.bodiesInFlight > 0 && c.maxBody > c.bodiesInFlight {
		err = errors.Join(err, errors.New("--bodies-in-flight: want at least --max-body, or the largest bodies are always refused"))
	}
	if least := int64(leastRing * c.maxRunning); c.ringSize > 0 && c.ringSize < least {
		err = errors.Join(err, fmt.Errorf("--ring-size: want at least %d bytes for %d runs at a time (--max-running), or their rows have no room", least, c.maxRunning))
	}
	if wrong := access.CheckBootstrap(c.adminEmail, c.adminPassword); wrong != nil && c.unowned() {
		err = errors.Join(err, ownerFaults(wrong))
	}
	if c.baseURL == "" && c.addr != "" {
		c.baseURL = "http://" + reachable(c.addr)
	}
	if c.functionsHost == "localhost" && !local(c.baseURL) {
		c.functionsHost = "" // it would lead each caller to their own machine
	}
	return rest, err
}

// unowned tells whether there is surely no user yet, so that the first owner's values count.
func (c *config) unowned() bool {
	if c.databaseURL != "" {
		return false
	}
	who, err := account.Find()
	if err != nil {
		return false
	}
	dir, _, err := who.Place(c.dataDir)
	return err == nil && !db.Exists(dir)
}

// ownerFaults says which variable each fault of the first owner is about.
func ownerFaults(wrong error) error {
	var faults []error
	for _, field := range fault.Of(wrong).Fields {
		variable := "PICLOUD_ADMIN_EMAIL"
		if field.Name == "password" {
			variable = "PICLOUD_ADMIN_PASSWORD"
		}
		faults = append(faults, fmt.Errorf("%s: %s", variable, field.Message))
	}
	return errors.Join(faults...)
}

// reachable is the address where this machine reaches a server that listens at addr.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func (c *config) setDataDir(value string) error {
	if value == "" {
		return errors.New("want a folder")
	}
	c.dataDir = value
	return nil
}

func (c *config) setSecretKey(value string) error {
	c.secretKey = value
	_, err := seal.Open(value, "")
	return err
}

func (c *config) setFetchAllow(value string) error {
	list, err := egress.ParseAllow(value)
	c.fetchAllow = list.String()
	return err
}

func (c *config) setFetchProxy(value string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("want http://host:port or https://host:port, with user:password@ before the host where the proxy asks for them")
	}
	c.fetchProxy = value
	return nil
}

func (c *config) setBaseURL(value string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return errors.New("want scheme and host only, such as https://pi.example")
	}
	c.baseURL = u.Scheme + "://" + u.Host
	return nil
}

func (c *config) setFunctionsHost(value string) error {
	if value == "none" {
		c.functionsHost = ""
		return nil
	}
	if strings.ContainsAny(value, "/:@ ") || strings.HasPrefix(value, ".") {
		return errors.New("want a host name without scheme and port")
	}
	c.functionsHost = strings.ToLower(value)
	return nil
}

func (c *config) setRoles(value string) error {
	for role := range strings.SplitSeq(value, ",") {
		role = strings.TrimSpace(role)
		switch role {
		case "manager", "orchestrator", "executor":
			c.roles = append(c.roles, role)
		default:
			return fmt.Errorf("role %q: want manager, orchestrator, executor", role)
		}
	}
	has := func(role string) bool { return slices.Contains(c.roles, role) }
	if !has("manager") || !has("orchestrator") || !has("executor") {
		return errors.New("a node has all three roles for now: manager,orchestrator,executor")
	}
	return nil
}

func (c *config) setDatabaseURL(value string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return errors.New("want postgres://user:password@host:port/database")
	}
	c.databaseURL = value
	return nil
}

// printConfig is `picloud config`: every setting as it would be used, secrets hidden.
func printConfig(getenv func(string) string, arguments []string) error {
	c := &config{}
	options := c.options()
	shown := make(map[string]string)
	for i, o := range options {
		set := o.set
		options[i].set = func(value string) error {
			if shown[o.env] = value; o.secret && value != "" {
				shown[o.env] = "***"
			}
			return set(value)
		}
	}
	rest, err := c.read(options, arguments, getenv)
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("config takes no argument %q", rest[0])
	}
	shown["PICLOUD_BASE_URL"], shown["PICLOUD_FUNCTIONS_HOST"] = c.baseURL, cmp.Or(c.functionsHost, "none")
	table := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	for _, o := range options {
		fmt.Fprintf(table, "%s\t%s\t%s\n", o.env, o.flagName(), shown[o.env])
	}
	return errors.Join(table.Flush(), err)
}
