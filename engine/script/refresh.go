package script

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"picloud/db"
	"picloud/engine/app"
	"picloud/engine/execution"
	"picloud/engine/id"
	"picloud/engine/seal"
	"picloud/engine/variable"
	"picloud/queries"
)

const (
	// How long a change may go unheard; notices make it immediate.
	pollEvery = 4 * time.Second
	// How long changes are gathered after a notice, so that many make few refreshes.
	gather = 10 * time.Millisecond
	// A transaction that takes a number of the change log has committed after this.
	settled = 2 * time.Minute
	// How far back a reader looks at first, in numbers of the change log.
	lookBack = 1000
	// How long the change log is kept. Who was away for longer reads everything anyway.
	keepChanges = 24 * time.Hour
	// What one refresh may take.
	refreshTime = 20 * time.Second
	// How often those who find nothing make the table look again, and for how long.
	recheckEvery = 500 * time.Millisecond
	recheckTime  = time.Second
)

// changes remembers which entries of the change log were read. Numbers are taken before
// they are committed, so a lower one may appear after a higher one.
type changes struct {
	known bool
	floor int64               // all up to here are read and settled
	seen  map[int64]time.Time // above floor: when read
}

// Run keeps the table fresh until ctx ends: it listens for notices and reads the change
// log every few seconds in one small query. Without the database it tries on.
func (t *Table) Run(ctx context.Context) error {
	for wait := time.Duration(0); ctx.Err() == nil; {
		began := time.Now()
		err := t.follow(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err == nil || time.Since(began) > settled {
			wait = 0
		}
		wait = min(max(2*wait, 250*time.Millisecond), pollEvery)
		if !sleep(ctx, jittered(wait)) {
			return nil
		}
	}
	return nil
}

func sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// jittered is between three and five quarters of d, so that nodes do not ask in step.
func jittered(d time.Duration) time.Duration { return d*3/4 + rand.N(d/2) }

// follow listens on one connection until it breaks. It reads everything first: nobody
// knows what was missed.
func (t *Table) follow(ctx context.Context) error {
	conn, err := t.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("follow changes: %w", err)
	}
	listening := conn.Hijack()
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = listening.Close(closing)
	}()
	if _, err := listening.Exec(ctx, "LISTEN "+pgx.Identifier{app.Channel}.Sanitize()); err != nil {
		return fmt.Errorf("follow changes: %w", err)
	}
	if err := t.refresh(ctx, listening, true); err != nil {
		return err
	}
	for {
		if err := await(ctx, listening, jittered(pollEvery)); err != nil {
			return fmt.Errorf("follow changes: %w", err)
		}
		if !sleep(ctx, gather) {
			return nil
		}
		if err := t.refresh(ctx, listening, false); err != nil {
			return err
		}
	}
}

// await returns at the first notice or after a while.
func await(ctx context.Context, conn *pgx.Conn, wait time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	_, err := conn.WaitForNotification(limited)
	if err != nil && ctx.Err() == nil && (pgconn.Timeout(err) || errors.Is(err, context.DeadlineExceeded)) && !conn.IsClosed() {
		return nil
	}
	return err
}

// Refresh brings the table up to date: the first time everything, later what the change
// log names.
func (t *Table) Refresh(ctx context.Context) error { return t.refresh(ctx, t.pool, false) }

// Recheck is for who did not find what may just have been published, on another node
// perhaps: it refreshes the table, unless somebody did so for that reason a moment ago. It
// tells whether another look is worth it.
func (t *Table) Recheck(ctx context.Context) bool {
	now, last := time.Now().UnixNano(), t.rechecked.Load()
	if now-last < int64(recheckEvery) || !t.rechecked.CompareAndSwap(last, now) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, recheckTime)
	defer cancel()
	before := t.state.Load()
	return t.Refresh(ctx) == nil && t.state.Load() != before
}

func (t *Table) refresh(ctx context.Context, source queries.DBTX, everything bool) error {
	ctx, cancel := context.WithTimeout(ctx, refreshTime)
	defer cancel()
	t.refreshing.Lock()
	defer t.refreshing.Unlock()
	changed, read, err := t.read(ctx, source)
	if err != nil {
		return fmt.Errorf("refresh the table: %w", err)
	}
	var next *state
	switch {
	case everything || !t.changes.known:
		next, err = t.loadAll(ctx, source)
	case len(changed) > 0:
		next, err = t.loadApps(ctx, source, changed)
	default:
		next = t.state.Load()
	}
	if err != nil {
		return fmt.Errorf("refresh the table: %w", err)
	}
	if t.state.Swap(next) != next {
		select {
		case t.changed <- struct{}{}:
		default:
		}
	}
	t.changes = read
	t.restored.Store(false)
	return nil
}

// read gives the apps with unread changes, and what to remember once they are loaded.
func (t *Table) read(ctx context.Context, source queries.DBTX) (map[id.App]bool, changes, error) {
	floor := t.changes.floor
	if !t.changes.known {
		last, err := t.q.ReadLastChangeAcrossApps(ctx, source)
		if err != nil {
			return nil, changes{}, err
		}
		floor = max(0, last-lookBack)
	}
	rows, err := t.q.ListChangesAcrossApps(ctx, source, floor)
	if err != nil {
		return nil, changes{}, err
	}
	now := time.Now()
	next := changes{known: true, floor: floor, seen: make(map[int64]time.Time, len(rows))}
	apps := make(map[id.App]bool)
	settling := false
	for _, row := range rows {
		at, seen := t.changes.seen[row.ID]
		if !seen {
			at = now
			apps[row.AppID] = true
		}
		if settling = settling || now.Sub(at) < settled; settling {
			next.seen[row.ID] = at
		} else {
			next.floor = row.ID
		}
	}
	return apps, next, nil
}

func (t *Table) loadAll(ctx context.Context, source queries.DBTX) (*state, error) {
	slugs, err := t.q.ListSlugsAcrossApps(ctx, source)
	if err != nil {
		return nil, err
	}
	names, err := t.q.ListOldNamesAcrossApps(ctx, source)
	if err != nil {
		return nil, err
	}
	routes, err := t.q.ListRoutesAcrossApps(ctx, source)
	if err != nil {
		return nil, err
	}
	pauses, err := t.q.ListPausesAcrossApps(ctx, source)
	if err != nil && !t.mayNotKnow(err) {
		return nil, err
	}
	variables, err := t.q.ListVariablesAcrossApps(ctx, source)
	if err != nil && !t.mayNotKnow(err) {
		return nil, err
	}
	s := withSlugs(slugs)
	for _, row := range names {
		s.addOldName(row.AppID, row.Name, row.Current)
	}
	for _, row := range pauses {
		s.addPause(row.AppID, row.Hash)
	}
	rows := make([]queries.ListVariablesOfAppsRow, len(variables))
	for i, row := range variables {
		rows[i] = queries.ListVariablesOfAppsRow(row)
	}
	if err != nil {
		s.keepValues(t.state.Load())
	}
	t.addValues(s, rows)
	if err := t.addPolicies(ctx, source, s, maps.Keys(s.apps)); err != nil {
		return nil, err
	}
	for _, row := range routes {
		s.add(queries.ListRoutesOfAppsRow(row))
	}
	return s, nil
}

// loadApps reads the scripts of some apps, and the slugs of all, of which there are few.
func (t *Table) loadApps(ctx context.Context, source queries.DBTX, apps map[id.App]bool) (*state, error) {
	slugs, err := t.q.ListSlugsAcrossApps(ctx, source)
	if err != nil {
		return nil, err
	}
	s := withSlugs(slugs)
	for app, old := range t.state.Load().apps {
		switch fresh := s.apps[app]; {
		case fresh == nil || apps[app]:
		case fresh.slug == old.slug:
			s.apps[app] = old
		default:
			apps[app] = true // renamed since the change log was read
		}
	}
	ids := idsOf(maps.Keys(apps))
	names, err := t.q.ListOldNamesOfApps(ctx, source, ids)
	if err != nil {
		return nil, err
	}
	routes, err := t.q.ListRoutesOfApps(ctx, source, ids)
	if err != nil {
		return nil, err
	}
	pauses, err := t.q.ListPausesOfApps(ctx, source, ids)
	if err != nil && !t.mayNotKnow(err) {
		return nil, err
	}
	variables, err := t.q.ListVariablesOfApps(ctx, source, ids)
	if err != nil && !t.mayNotKnow(err) {
		return nil, err
	}
	for _, row := range names {
		s.addOldName(row.AppID, row.Name, row.Current)
	}
	for _, row := range pauses {
		s.addPause(row.AppID, row.Hash)
	}
	if err != nil {
		s.keepValues(t.state.Load())
	}
	t.addValues(s, variables)
	if err := t.addPolicies(ctx, source, s, maps.Keys(apps)); err != nil {
		return nil, err
	}
	for _, row := range routes {
		s.add(row)
	}
	return s, nil
}

func idsOf(apps iter.Seq[id.App]) (ids []pgtype.UUID) {
	for app := range apps {
		ids = append(ids, pgtype.UUID{Bytes: app, Valid: true})
	}
	return ids
}

// mayNotKnow tells that the role of the worker was made by hand before there was what it may not
// read; it works without.
func (t *Table) mayNotKnow(err error) bool {
	if !db.IsDenied(err) {
		return false
	}
	t.denied.Do(func() {
		slog.Warn("the worker's role may not read all that it needs: grant it SELECT on pauses, variables and outbound_policies, UPDATE (used_at) on variables, "+
			"and SELECT, INSERT and UPDATE (last_at) on outbound_seen; without, functions reach no host outside", "error", err)
	})
	return true
}

func withSlugs(rows []queries.ListSlugsAcrossAppsRow) *state {
	s := &state{slugs: make(map[string]id.App, len(rows)), oldSlugs: map[string]id.App{}, apps: make(map[id.App]*tenant, len(rows))}
	for _, row := range rows {
		if row.Old {
			s.oldSlugs[row.Slug] = row.AppID
			continue
		}
		s.slugs[row.Slug] = row.AppID
		s.apps[row.AppID] = &tenant{slug: row.Slug}
	}
	return s
}

// addOldName, addPause and add skip an app that came into being between two of the queries; its
// change is read at the next refresh.
func (s *state) addOldName(app id.App, old, current string) {
	tenant := s.apps[app]
	if tenant == nil {
		return
	}
	if tenant.oldNames == nil {
		tenant.oldNames = map[string]string{}
	}
	tenant.oldNames[old] = current
}

// addPause comes before add. A hash that is empty stands for all of the app.
func (s *state) addPause(app id.App, hash []byte) {
	tenant := s.apps[app]
	switch {
	case tenant == nil:
	case len(hash) == 0:
		tenant.aside = true
	case len(hash) == 32:
		if tenant.paused == nil {
			tenant.paused = map[[32]byte]bool{}
		}
		tenant.paused[[32]byte(hash)] = true
	}
}

// keepValues takes over what was known of variables, where they may not be read any more.
func (s *state) keepValues(old *state) {
	for app, owner := range s.apps {
		if before := old.apps[app]; before != nil && before != owner {
			owner.values = before.values
		}
	}
}

// addValues comes before add.
func (t *Table) addValues(s *state, rows []queries.ListVariablesOfAppsRow) {
	byApp := map[id.App][]variable.Row{}
	for _, row := range rows {
		kept := variable.Row{ID: row.ID, Name: row.Name, Sealed: row.Sealed, Key: seal.KeyID(row.KeyID)}
		if row.ScriptID != nil {
			kept.Script = *row.ScriptID
		}
		if row.Value != nil {
			kept.Value = *row.Value
		}
		byApp[row.AppID] = append(byApp[row.AppID], kept)
	}
	for app, rows := range byApp {
		if owner := s.apps[app]; owner != nil {
			owner.values = variable.NewValues(app, rows, t.keys, t.uses)
		}
	}
}

func (s *state) add(row queries.ListRoutesOfAppsRow) {
	owner := s.apps[row.AppID]
	if owner == nil || len(row.Hash) != 32 {
		return
	}
	if owner.live == nil {
		owner.live = map[string]*Live{}
	}
	owner.live[row.Name] = &Live{
		App: row.AppID, AppSlug: owner.slug, Script: row.ID, Name: row.Name, Version: int(row.Number), VersionID: row.VersionID,
		Hash: [32]byte(row.Hash), Capture: policy(row.Capture), Paused: owner.isPaused([32]byte(row.Hash)),
		env: owner.values.Of(row.ID), outbound: owner.outbound,
	}
}

// policy shares the few constants instead of one string per script.
func policy(capture string) execution.Policy {
	switch execution.Policy(capture) {
	case execution.CaptureOff:
		return execution.CaptureOff
	case execution.CaptureAll:
		return execution.CaptureAll
	}
	return execution.CaptureHeads
}
