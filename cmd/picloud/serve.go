package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"picloud/db"
	"picloud/engine"
	"picloud/engine/account"
	"picloud/engine/call"
	"picloud/engine/execution/archive"
	"picloud/engine/invoke"
	"picloud/engine/worker"
	"picloud/handlers"
	v1 "picloud/handlers/api/v1"
	"picloud/handlers/ingress"
	"picloud/static"
)

// ringPage is what the size of a ring is a multiple of.
const ringPage = 4096

// serve is `picloud serve`: the manager, which keeps a worker.
func serve(ctx context.Context, c *config) error {
	if c.singleProcess {
		engine.SetUpFunctions()
	}
	listener, err := (&net.ListenConfig{Control: setPeers}).Listen(ctx, "tcp", c.addr)
	if err != nil {
		return fmt.Errorf("--addr %s: the address cannot be listened on: %w", c.addr, errors.Unwrap(err))
	}
	defer listener.Close()
	alone, err := c.listenAlone(ctx)
	if err != nil {
		return err
	}
	if alone != nil {
		defer alone.Close()
	}
	m, err := openManager(ctx, c)
	if err != nil {
		return err
	}
	defer func() {
		if err := m.Close(); err != nil {
			slog.Error("stopping", "error", err)
		}
	}()
	return quietly(ctx, serveManager(ctx, c, m, listener.(*net.TCPListener), alone))
}

// openManager opens the manager's parts.
func openManager(ctx context.Context, c *config) (*engine.Manager, error) {
	settings, err := c.manager()
	if err != nil {
		return nil, err
	}
	return engine.OpenManager(ctx, settings)
}

// manager becomes the unprivileged account, makes the data folder and gives the
// manager's settings.
func (c *config) manager() (engine.ManagerConfig, error) {
	who, err := account.Choose()
	if err != nil {
		return engine.ManagerConfig{}, err
	}
	dir, moved, err := who.DataDir(c.dataDir)
	if err != nil {
		return engine.ManagerConfig{}, err
	}
	if moved {
		fmt.Fprintf(os.Stderr, "The data is in %s, because the account %s may not enter the folder given.\n", dir, who.Name)
	}
	if err := who.Drop(); err != nil {
		return engine.ManagerConfig{}, err
	}
	return engine.ManagerConfig{
		Executable: executable(), Account: who, DataDir: dir, DatabaseURL: c.databaseURL, WorkerDatabaseURL: c.workerDatabaseURL,
		AdminEmail: c.adminEmail, AdminPassword: c.adminPassword, SecretKey: c.secretKey,
		Retention:   archive.Retention{Days: c.retentionDays, Bytes: c.retentionSize},
		ModuleDepth: c.moduleDepth,
	}, nil
}

// executable is this binary; through /proc it can be started also by an account that may
// not enter its folder.
func executable() string {
	if _, err := os.Stat("/proc/self/exe"); err == nil {
		return "/proc/self/exe"
	}
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// serveManager runs the dashboard on its private socket, and on a listener of its own if
// there is one, and keeps a worker on the public listener, until ctx ends.
func serveManager(ctx context.Context, c *config, m *engine.Manager, listener *net.TCPListener, alone net.Listener) error {
	private, err := privateSocket(m.RunDir)
	if err != nil {
		return err
	}
	file, err := shared(listener)
	if err != nil {
		return err
	}
	defer file.Close()

	front := &front{file: file, places: ingress.NewPlaces(mostConnections(), c.trustedProxies)}
	supervisor := worker.New(worker.Settings{
		Executable: executable(), Account: m.Account, Starter: m.Starter, Listener: file, Directory: m.RunDir,
		Worker: c.worker(m, private.Addr().String()), Recover: m.Recover, Accept: front.accept,
	})
	m.OnChange(supervisor.Refresh)
	m.Executions.Running = supervisor.Running
	assets, err := static.Open()
	if err != nil {
		return err
	}
	dashboard := handlers.New(handlers.Deps{
		Access: m.Access, Apps: m.Apps, Scripts: m.Scripts, Pauses: m.Pauses, Variables: m.Variables, Outbound: m.Outbound,
		Executions: m.Executions, Worker: supervisor, Assets: assets,
		BaseURL: c.baseURL, FunctionsHost: c.functionsHost, Limits: c.limits(), FetchAllow: strings.Fields(c.fetchAllow),
		Version: v1.Build{Version: version, Go: runtime.Version()}, IsAway: db.IsAway,
		Ready:    []handlers.Probe{{Name: "database", Check: m.Pool.Ping}, {Name: "worker", Check: supervisor.Check}},
		Warnings: warnings(m, supervisor, c.dataDir),
	})
	front.server = publicServer(&ingress.Edge{
		Hosts: c.hosts(), Trusted: c.trustedProxies, Dashboard: dashboard, Forwarded: front.places.Forwarded(), Unserved: m.Refuse,
	}, front.places)
	front.server.SetKeepAlivesEnabled(false) // a kept connection would never meet the worker
	// The edge before it keeps the time of bodies; see handlers/ingress.
	server := &http.Server{Handler: dashboard, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute}

	announce(ctx, c, m)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, background := errgroup.WithContext(background)
	group.Go(func() error { return m.Run(background) })
	group.Go(func() error { return closed(server.Serve(private)) })
	own, places := c.aloneServer(ctx, dashboard)
	if alone != nil {
		group.Go(func() error { return closed(own.Serve(places.Listen(alone))) })
	}
	group.Go(func() error {
		err := c.runWorkers(ctx, background, supervisor)
		front.accept(false)
		finish, cancel := context.WithTimeout(background, 5*time.Second)
		defer cancel()
		for _, each := range []*http.Server{own, server} {
			_ = each.Shutdown(finish)
			each.Close()
		}
		stop()
		return err
	})
	return group.Wait()
}

// privateSocket is where a worker hands on what is for the dashboard.
func privateSocket(folder string) (net.Listener, error) {
	path := filepath.Join(folder, "manager.sock")
	_ = os.Remove(path)
	socket, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("private socket: %w", err)
	}
	return socket, nil
}

// shared is the listener as a file that children inherit and that stays non-blocking. The
// file of (*net.TCPListener).File makes the socket block in every process when it is handed
// on, and an Accept that blocks in the kernel is not ended by Close.
func shared(listener *net.TCPListener) (*os.File, error) {
	raw, err := listener.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("public listener: %w", err)
	}
	var copied int
	var refused error
	err = raw.Control(func(descriptor uintptr) {
		copied, refused = unix.FcntlInt(descriptor, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err := errors.Join(err, refused); err != nil {
		return nil, fmt.Errorf("public listener: %w", err)
	}
	return os.NewFile(uintptr(copied), "listener"), nil
}

// runWorkers keeps a worker until ctx ends or the manager fails.
func (c *config) runWorkers(ctx, background context.Context, supervisor *worker.Supervisor) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(background, cancel)()
	if c.singleProcess {
		return supervisor.RunInside(ctx, func(ctx context.Context, config worker.Config, listener net.Listener, ready func()) error {
			return serveFunctions(ctx, config, listener, ready)
		})
	}
	return supervisor.Run(ctx)
}

func (c *config) limits() call.Limits {
	limits := call.DefaultLimits
	limits.Wall, limits.CPU = c.wallLimit, c.cpuLimit
	return limits
}

func (c *config) worker(m *engine.Manager, managerSocket string) worker.Config {
	return worker.Config{
		DatabaseURL: m.WorkerURL, ManagerSocket: managerSocket, Start: string(m.Start), SecretKeys: m.Keys.Given(), KeyDir: string(m.KeyDir), Hosts: c.hosts(), Ports: c.ports(), TrustedProxies: c.trustedProxies,
		FetchAllow: c.fetchAllow, FetchProxy: c.fetchProxy, FetchNAT64: c.fetchNAT64,
		MaxRunning: c.maxRunning, MaxWaiting: c.maxWaiting, MaxBody: c.maxBody, BodiesInFlight: c.bodiesInFlight, MemoryBudget: c.workerMemory,
		JournalSlots: invoke.Slots(c.maxRunning, c.maxWaiting), RingSize: int(c.ringSize+ringPage-1) / ringPage * ringPage, HistoryShare: m.HistoryShare, Limits: c.limits(), LogFormat: c.logFormat, LogLevel: c.logLevel,
	}
}

// ports are those that PiCloud listens on.
func (c *config) ports() (ports []uint16) {
	for _, address := range []string{c.addr, c.dashboardAddr} {
		_, port, err := net.SplitHostPort(address)
		if number, wrong := strconv.ParseUint(port, 10, 16); err == nil && wrong == nil {
			ports = append(ports, uint16(number))
		}
	}
	return ports
}

// hosts says which names the dashboard has: that of the base URL and, on a machine of
// one's own, the loopback names and any IP address.
func (c *config) hosts() worker.Hosts {
	u, err := url.Parse(c.baseURL)
	if err != nil {
		return worker.Hosts{Base: c.baseURL}
	}
	hosts := worker.Hosts{Base: c.baseURL, Dashboard: []string{strings.ToLower(u.Hostname()), "localhost"}, Functions: c.functionsHost}
	hosts.AnyIP = net.ParseIP(u.Hostname()) != nil || strings.EqualFold(u.Hostname(), "localhost")
	if hosts.AnyIP {
		hosts.Dashboard = append(hosts.Dashboard, machineNames()...)
	}
	return hosts
}

// machineNames are those of this machine, in lower case.
func machineNames() []string {
	name, err := os.Hostname()
	if err != nil {
		return nil
	}
	name = strings.ToLower(name)
	return []string{name, name + ".local"}
}

// announce prints where PiCloud is and, while there is no owner, the way in.
func announce(ctx context.Context, c *config, m *engine.Manager) {
	fmt.Println("PiCloud is at " + c.baseURL)
	fmt.Print(c.elsewhere())
	if c.dashboardAddr != "" {
		fmt.Println("The dashboard alone is at http://" + reachable(c.dashboardAddr))
	}
	token, needed, err := m.Access.NewSetupToken(ctx)
	if err != nil {
		slog.Error("no set-up link", "error", err)
	} else if needed {
		fmt.Println("Set it up here, within an hour: " + c.baseURL + "/setup?token=" + token)
	}
}

// elsewhere is a line that says what other machines need; "" where the base URL is for them.
func (c *config) elsewhere() string {
	_, port, err := net.SplitHostPort(c.addr)
	if err != nil || !local(c.baseURL) {
		return ""
	}
	wanted := "--base-url http://NAME:" + port
	if local("http://" + c.addr) {
		wanted = "--addr :" + port + " " + wanted
	}
	return "To open it from other machines, set " + wanted + " (NAME: what they call this one)\n"
}

// local tells whether only this machine reaches an address.
func local(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback()
}

// front accepts on the public listener in the manager while no worker does.
type front struct {
	file   *os.File
	places *ingress.Places
	server *http.Server

	mu       sync.Mutex
	listener net.Listener
}

func (f *front) accept(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case on && f.listener == nil:
		listener, err := net.FileListener(f.file)
		if err != nil {
			slog.Error("public listener", "error", err)
			return
		}
		f.listener = f.places.Listen(listener)
		go f.server.Serve(f.listener)
	case !on && f.listener != nil:
		f.listener.Close()
		f.listener = nil
	}
}
