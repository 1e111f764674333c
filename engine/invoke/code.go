package invoke

import (
	"context"
	"errors"
	"log/slog"
	"runtime/pprof"
	"slices"
	"sync"
	"time"

	"picloud/engine/bundle"
	"picloud/engine/call"
	"picloud/engine/id"
	"picloud/engine/js"
	"picloud/engine/script"
	"picloud/engine/sdk/handler"
)

// Code is the program that a call runs: a version that is stored, or a draft.
type Code struct {
	Version id.Version // whose program and source map the database has
	Hash    [32]byte   // SHA-256 of the program
	Draft   *Draft     // nil: it is a version
}

// Published is a job of a function that is live; what it is about is the caller's to say.
func Published(live script.Live) Job {
	return Job{
		Call: call.Call{Script: call.Script{App: live.App, AppSlug: live.AppSlug, ID: live.Script, Name: live.Name, Version: live.Version}},
		Code: Code{Version: live.VersionID, Hash: live.Hash}, Outbound: live.Outbound(), Env: live.Env(), Capture: live.Capture, Paused: live.Paused,
	}
}

// Draft is a program that was built and is stored nowhere.
type Draft struct {
	Program   string
	SourceMap string

	once sync.Once
	read bundle.SourceMap
}

func (d *Draft) places() bundle.SourceMap {
	d.once.Do(func() { d.read = bundle.ReadMap(d.SourceMap) })
	return d.read
}

// load gives the run its program. A failure says why there is none.
func (i *Invoker) load(ctx context.Context, r *run) (call.Outcome, *call.Failure) {
	var err error
	if r.Code.Draft != nil {
		r.program, err = r.compile(r.Code.Draft.Program)
	} else if r.program = i.programs.known(r.Code.Hash); r.program == nil {
		r.slot.Expire(time.Now().Add(loadLimit + r.Limits.Wall)) // a slow database does not make it a run that hangs
		r.program, err = i.programs.get(ctx, r.Code.Hash, func(ctx context.Context) (string, error) {
			return i.stored.Load(ctx, r.Code.Version, r.Code.Hash)
		}, r.compile)
		r.slot.Expire(time.Now().Add(r.Limits.Wall))
	}
	if err == nil && r.isStopped() { // the program is kept for the next
		err = errHalted
	}
	if err == nil {
		return call.OK, nil
	}
	if err == errHalted {
		return r.ending.Outcome, &r.ending.Failure
	}
	if syntax, bad := errors.AsType[*js.SyntaxError](err); bad {
		return call.Error, &call.Failure{Name: "SyntaxError", Message: syntax.Message}
	}
	slog.Error("program not loaded", "script", r.Script.ID, "version", r.Script.Version, "error", err)
	return call.Unavailable, &call.Failure{Message: "The program could not be loaded from the database."}
}

// compile makes a program on the run's account: in its turn, within its limits, and blamed on it
// if the process dies of it. What stops the run meanwhile is heard when it is done, since
// nothing can interrupt it; so the run is not taken for deaf.
func (r *run) compile(text string) (program *handler.Program, err error) {
	r.invoker.watcher.add(r)
	defer r.invoker.watcher.remove(r)
	if err := r.Acquire(); err != nil {
		return nil, err
	}
	defer r.Release()
	pprof.SetGoroutineLabels(r.invoker.labels[r.slot.Index()])
	defer pprof.SetGoroutineLabels(context.Background())
	r.goAway(func() { program, err = handler.Compile(text) })
	return program, err
}

func (i *Invoker) placesOf(code Code) (bundle.SourceMap, error) {
	if code.Draft != nil {
		return code.Draft.places(), nil
	}
	return i.maps.of(code.Version)
}

// hasPlaces tells whether a result has places in the program.
func hasPlaces(result call.Result) bool {
	return result.Failure != nil && len(result.Failure.Stack) > 0 ||
		slices.ContainsFunc(result.Lines, func(line call.Line) bool { return len(line.Stack) > 0 })
}

// located is a result with its places in the person's own file. The caller has the other one.
func located(result call.Result, places bundle.SourceMap) call.Result {
	if result.Failure != nil {
		own := *result.Failure
		own.Stack = places.Stack(own.Stack)
		result.Failure = &own
	}
	result.Lines = slices.Clone(result.Lines)
	for n, line := range result.Lines {
		result.Lines[n] = places.Line(line)
	}
	return result
}
