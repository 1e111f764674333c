package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"picloud/engine"
	"picloud/engine/worker"
	v1 "picloud/handlers/api/v1"
	"picloud/handlers/ingress"
	"picloud/handlers/workerapi"
)

const (
	maxStack       = 64 << 20 // bytes of one goroutine's stack
	gcPercent      = 400      // a worker keeps little and throws away much
	maxConnections = 8192     // open at a time on the public listener
	otherFiles     = 3072     // that a process opens beside them, at most: most of it are connections of functions
	maxHeader      = 64 << 10
	finishGrace    = 10 * time.Second // for calls under way when the worker stops, past their longest time
)

// runWorkerProcess is `picloud worker`: its configuration comes on standard input, the
// public listener and the ready pipe as inherited files.
func runWorkerProcess(ctx context.Context) error {
	engine.SetUpFunctions()
	var config worker.Config
	if err := json.NewDecoder(os.Stdin).Decode(&config); err != nil {
		return fmt.Errorf("worker is started by picloud serve: %w", err)
	}
	setLog(config.LogFormat, config.LogLevel)
	debug.SetMaxStack(maxStack)
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(config.MemoryBudget / 4 * 3) // garbage is no reason to stop a run
	if err := limitAddressSpace(config.MemoryBudget); err != nil {
		return err
	}
	listener, err := net.FileListener(os.NewFile(worker.ListenerFD, "listener"))
	if err != nil {
		return fmt.Errorf("public listener: %w", err)
	}
	ready := os.NewFile(worker.ReadyFD, "ready")
	return serveFunctions(ctx, config, listener, func() {
		fmt.Fprintln(ready, "ready")
		ready.Close()
	})
}

// limitAddressSpace makes one huge allocation the end of this process and not of the
// machine's memory. Go reserves far more than it uses, so the limit is generous.
func limitAddressSpace(budget int64) error {
	limit := uint64(4*budget + 2<<30)
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		return fmt.Errorf("limit address space: %w", err)
	}
	return nil
}

// serveFunctions runs a worker on a listener until ctx ends, then lets calls finish and
// writes their records.
func serveFunctions(ctx context.Context, config worker.Config, listener net.Listener, ready func()) error {
	inward := &ingress.Inward{Ports: reachedAt(config)}
	w, err := engine.OpenWorker(ctx, config, inward)
	if err != nil {
		return err
	}
	defer w.Close()
	private, err := net.Listen("unix", config.Socket)
	if err != nil {
		return fmt.Errorf("private socket: %w", err)
	}
	places := ingress.NewPlaces(mostConnections(), config.TrustedProxies)
	edge := &ingress.Edge{
		Hosts: config.Hosts, Trusted: config.TrustedProxies, Dashboard: toManager(config.ManagerSocket), Closing: ctx,
		Forwarded: places.Forwarded(),
		Functions: &ingress.Functions{
			Table: w.Table, Invoker: w.Invoker, Limits: config.Limits,
			MaxBody: config.MaxBody, Bodies: ingress.NewBodies(config.BodiesInFlight, config.MaxBody),
			Answers: ingress.NewAnswers(config.MemoryBudget, config.Limits.Response, w.Invoker.Aside),
		},
	}
	inward.Edge = edge
	public := publicServer(edge, places)
	inside := &http.Server{Handler: (&workerapi.API{Table: w.Table, Invoker: w.Invoker, Limits: config.Limits, Live: w.Live}).Handler(), ReadHeaderTimeout: 5 * time.Second}

	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	group, background := errgroup.WithContext(background)
	group.Go(func() error { return w.Run(background) })
	group.Go(func() error { return closed(inside.Serve(private)) })
	if !w.Table.Restored() { // else it is being refreshed as soon as that can be
		if err := w.Table.Refresh(ctx); err != nil { // what was published since it was opened; from now on we are told
			slog.Warn("routes not read again", "error", err)
		}
	}
	group.Go(func() error { return closed(public.Serve(places.Listen(listener))) })
	group.Go(func() error {
		select {
		case <-ctx.Done():
		case <-background.Done():
		}
		finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), config.Limits.Wall+finishGrace)
		defer cancel()
		err := errors.Join(public.Shutdown(finish), w.Invoker.Drain(finish))
		inside.Close()
		stop()
		return err
	})
	ready()
	return group.Wait()
}

// reachedAt are the ports at which the outside reaches functions: that of the base URL, and ours.
func reachedAt(config worker.Config) []string {
	ports := make([]string, 0, len(config.Ports)+1)
	for _, port := range config.Ports {
		ports = append(ports, strconv.Itoa(int(port)))
	}
	if base, err := url.Parse(config.Hosts.Base); err == nil {
		ports = append(ports, cmp.Or(base.Port(), map[string]string{"http": "80", "https": "443"}[base.Scheme]))
	}
	return ports
}

func closed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// mostConnections is how many may be open at a time; some files are needed for the rest.
func mostConnections() int {
	var files syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) != nil {
		return maxConnections
	}
	return int(min(maxConnections, max(files.Cur/2, files.Cur-min(files.Cur, otherFiles))))
}

// publicServer meets the outside. Deadlines of bodies and answers are the edge's.
func publicServer(handler http.Handler, places *ingress.Places) *http.Server {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 60 * time.Second, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	places.Attend(server)
	return server
}

// toManager hands the dashboard's requests to the manager's private socket as they are.
func toManager(socket string) http.Handler {
	proxy := httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "manager"
			r.Out.URL.RawQuery = r.In.URL.RawQuery // what is not well formed is refused there, not left out
			r.Out.Host = r.In.Host
			r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
			r.Out.Header["X-Forwarded-Proto"] = r.In.Header["X-Forwarded-Proto"]
		},
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "unix", socket)
			},
			MaxIdleConns: 64, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute, DisableCompression: true,
			ExpectContinueTimeout: 10 * time.Second, // else a body is sent to who has refused it, and the refusal lost
		},
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one := proxy
		one.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) { notHandedOn(w, r, err) }
		one.ServeHTTP(w, r)
	})
}

// notHandedOn answers for a manager that cannot be reached, and a sender who does not send.
func notHandedOn(w http.ResponseWriter, r *http.Request, err error) {
	slog.DebugContext(r.Context(), "request not handed to the dashboard", "method", r.Method, "path", r.URL.Path, "error", err)
	status, detail := http.StatusServiceUnavailable, "The dashboard is not reachable just now. Try again in a second."
	if ingress.Late(r) {
		status, detail = http.StatusRequestTimeout, "The request did not arrive in time."
	} else {
		w.Header().Set("Retry-After", "1")
	}
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		http.Error(w, detail, status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v1.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail})
}
