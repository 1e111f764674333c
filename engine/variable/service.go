package variable

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/audit"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/seal"
	"picloud/queries"
)

// Service lists and changes what the functions of an app get.
type Service struct {
	app.Herald

	pool *pgxpool.Pool
	q    *queries.Queries
	keys *seal.Ring
}

// NewService makes it over a pool in the manager's role.
func NewService(pool *pgxpool.Pool, keys *seal.Ring) *Service {
	return &Service{Herald: app.NewHerald(pool), pool: pool, q: queries.New(), keys: keys}
}

// List gives all of the app by name, each followed by the values that scripts have in its place.
func (s *Service) List(ctx context.Context, grant actor.Grant) ([]Variable, error) {
	appID, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, err
	}
	rows, err := s.q.ListVariables(ctx, s.pool, appID)
	if err != nil {
		return nil, fmt.Errorf("list variables of %s: %w", appID, err)
	}
	uses, err := s.q.ListVariableUses(ctx, s.pool, appID)
	if err != nil {
		return nil, fmt.Errorf("list uses of variables of %s: %w", appID, err)
	}
	overrides := map[id.Script]map[string]bool{} // names that a script has a value of its own for
	for _, row := range rows {
		if row.ScriptID != nil {
			if overrides[*row.ScriptID] == nil {
				overrides[*row.ScriptID] = map[string]bool{}
			}
			overrides[*row.ScriptID][row.Name] = true
		}
	}
	usesOf := map[string][]queries.ListVariableUsesRow{}
	for _, use := range uses {
		usesOf[use.EnvName] = append(usesOf[use.EnvName], use)
	}
	all := make([]Variable, len(rows))
	for i, row := range rows {
		v := Variable{Name: row.Name, Secret: row.Sealed != nil, Size: int(row.Size), SetAt: row.SetAt, SetBy: row.Author}
		if row.Value != nil {
			v.Value = *row.Value
		}
		if row.ScriptID != nil {
			v.Script, v.ScriptName = *row.ScriptID, *row.ScriptName
		}
		if row.UsedAt != nil {
			v.UsedAt = *row.UsedAt
		}
		if id := seal.KeyID(row.KeyID); v.Secret && !s.keys.Has(id) {
			v.MissingKey = id
		}
		for _, use := range usesOf[row.Name] {
			own := overrides[use.ID][row.Name]
			if row.ScriptID == nil && !own || row.ScriptID != nil && *row.ScriptID == use.ID {
				v.UsedBy = append(v.UsedBy, use.Name)
			}
		}
		all[i] = v
	}
	return all, nil
}

// ListOf gives what a script gets, by name: the values of its own, and the app's where it has none.
func (s *Service) ListOf(ctx context.Context, grant actor.Grant, script id.Script) ([]Variable, error) {
	all, err := s.List(ctx, grant)
	var got []Variable
	for _, v := range all { // a script's own comes after the app's
		switch last := len(got) - 1; {
		case v.Script != script && !v.Script.IsZero():
		case last >= 0 && got[last].Name == v.Name:
			got[last] = v
		default:
			got = append(got, v)
		}
	}
	return got, err
}

// Get gives one, in the place of the app's where script is not zero. One that is not there is NotFound.
func (s *Service) Get(ctx context.Context, grant actor.Grant, script id.Script, name string) (Variable, error) {
	all, err := s.List(ctx, grant)
	if err != nil {
		return Variable{}, err
	}
	for _, v := range all {
		if v.Name == name && v.Script == script {
			return v, nil
		}
	}
	return Variable{}, fault.New(fault.NotFound, "There is no variable or secret %.80q here.", name)
}

// Change is a value that is to be set.
type Change struct {
	Name   string
	Secret bool
	Value  string
	Fresh  bool // the name has no value yet; if it has, that is a Conflict
}

// Set gives names their values, all of them or none; in the place of the app's where script is
// not zero. A name that is a secret does not become a variable, nor the other way round: that is a
// Conflict. Invalid faults are at fields "name" and "value" where there is one change, at the
// names where there are more. It returns how many values are others than before.
func (s *Service) Set(ctx context.Context, grant actor.Grant, script id.Script, changes []Change) (changed int, err error) {
	effects, err := s.change(ctx, grant, script, changes)
	for _, effect := range effects {
		if effect != Keeps {
			changed++
		}
	}
	return changed, err
}

// Put sets one value, as Set does, and gives what is there now; added tells that nothing was before.
func (s *Service) Put(ctx context.Context, grant actor.Grant, script id.Script, change Change) (now Variable, added bool, err error) {
	effects, err := s.change(ctx, grant, script, []Change{change})
	if err != nil {
		return Variable{}, false, err
	}
	now, err = s.Get(ctx, grant, script, change.Name)
	return now, effects[0] == Adds, err
}

func (s *Service) change(ctx context.Context, grant actor.Grant, script id.Script, changes []Change) (effects []Effect, err error) {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return nil, err
	}
	if err := check(changes); err != nil {
		return nil, err
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := s.q.LockAppForVariables(ctx, tx, appID); err != nil {
			return err
		}
		effects = make([]Effect, len(changes))
		for i, change := range changes {
			var err error
			if effects[i], err = s.set(ctx, tx, grant, appID, script, change); err != nil {
				return err
			}
		}
		return s.fits(ctx, tx, appID)
	})
	if db.IsForeignKey(err, "variables_app_id_script_id_fkey") {
		return nil, fault.New(fault.NotFound, "There is no such script.")
	}
	if err != nil {
		return nil, fmt.Errorf("set variables of %s: %w", appID, err)
	}
	if slices.ContainsFunc(effects, func(effect Effect) bool { return effect != Keeps }) {
		s.Announce(ctx)
	}
	return effects, nil
}

func check(changes []Change) error {
	var faults []fault.Field
	add := func(change Change, field, why string) {
		if why == "" {
			return
		}
		if len(changes) > 1 {
			field = change.Name
		}
		faults = append(faults, fault.Field{Name: field, Message: why})
	}
	if len(changes) > MaxCount {
		return fault.AtField("name", "These are %d variables and secrets; an app may have %d.", len(changes), MaxCount)
	}
	given := make(map[string]bool, len(changes))
	for _, change := range changes {
		add(change, "name", CheckName(change.Name))
		add(change, "value", checkValue(change.Value))
		if given[change.Name] {
			add(change, "name", fmt.Sprintf("%q is given twice.", change.Name))
		}
		given[change.Name] = true
	}
	return fault.AtFields(faults)
}

// fits refuses more than an app may have.
func (s *Service) fits(ctx context.Context, tx pgx.Tx, appID id.App) error {
	sum, err := s.q.SumVariables(ctx, tx, appID)
	switch {
	case err != nil:
		return err
	case sum.Bytes > MaxApp:
		return fault.AtField("value", "With this the values of the app have %d bytes together; the limit is %d (1 MiB).", sum.Bytes, MaxApp)
	case sum.Count > MaxCount:
		return fault.AtField("name", "With this the app has %d variables and secrets; the limit is %d.", sum.Count, MaxCount)
	}
	return nil
}

func (s *Service) set(ctx context.Context, tx pgx.Tx, grant actor.Grant, appID id.App, script id.Script, change Change) (Effect, error) {
	of := optional(script)
	old, err := s.q.ReadVariable(ctx, tx, queries.ReadVariableParams{AppID: appID, Name: change.Name, ScriptID: of})
	if err != nil && !db.IsNoRows(err) {
		return "", err
	}
	effect := Adds
	if err == nil {
		if effect, err = onto(old, change); err != nil || effect == Keeps {
			return effect, err
		}
	}
	who := grant.Who()
	row := queries.AddVariableParams{
		ID: id.New[id.Variable](), AppID: appID, ScriptID: of, Name: change.Name, Size: int32(len(change.Value)), AuthorID: &who.User, Author: who.Name,
	}
	if !change.Secret {
		row.Value = &change.Value
	} else if row.KeyID, row.Sealed, err = s.seal(ctx, tx, identity(appID, script, change.Name), change.Value); err != nil {
		return "", err
	}
	if effect == Adds {
		err = s.q.AddVariable(ctx, tx, row)
	} else {
		err = s.q.ChangeVariable(ctx, tx, queries.ChangeVariableParams{
			AppID: appID, ID: old.ID, Value: row.Value, Sealed: row.Sealed, KeyID: row.KeyID, Size: row.Size, AuthorID: row.AuthorID, Author: row.Author,
		})
	}
	if err != nil {
		return "", err
	}
	action := audit.VariableSet
	if change.Secret {
		action = audit.SecretSet
	}
	return effect, app.Record(ctx, tx, appID, did(grant, action, appID, script, change.Name))
}

// onto is what a change does to the value that is there.
func onto(old queries.Variable, change Change) (Effect, error) {
	was := old.Sealed != nil
	switch {
	case change.Fresh:
		return "", taken("There is a %s %s already: change that one, or delete it first.", kind(was), change.Name)
	case was != change.Secret:
		return "", taken("%s is a %s. Delete it to make it a %s.", change.Name, kind(was), kind(change.Secret))
	case was:
		return Unknown, nil
	case *old.Value == change.Value:
		return Keeps, nil
	}
	return Replaces, nil
}

func taken(format string, args ...any) error {
	f := fault.New(fault.Conflict, format, args...)
	f.Fields = []fault.Field{{Name: "name", Message: f.Public}}
	return f
}

// seal refuses while there are secrets that cannot be opened here: whatever took the place of
// their key, nothing is sealed with another one beside it.
func (s *Service) seal(ctx context.Context, tx pgx.Tx, of []byte, value string) (string, []byte, error) {
	missing, err := missingKeys(ctx, s.q, tx, s.keys)
	if err != nil {
		return "", nil, err
	}
	if len(missing) > 0 {
		return "", nil, fault.New(fault.Unavailable, "%s", sentence(missing))
	}
	key, sealed, err := s.keys.Seal([]byte(value), of)
	if err != nil {
		return "", nil, fault.New(fault.Unavailable, "There is no key to seal secrets with: put its file back, or set PICLOUD_SECRET_KEY, and start PiCloud again.").Because(err)
	}
	return string(key), sealed, nil
}

// Delete removes a name. One that is not there, or is of the other kind, is NotFound.
func (s *Service) Delete(ctx context.Context, grant actor.Grant, script id.Script, secret bool, name string) error {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return err
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := s.q.LockAppForVariables(ctx, tx, appID); err != nil {
			return err
		}
		old, err := s.q.ReadVariable(ctx, tx, queries.ReadVariableParams{AppID: appID, Name: name, ScriptID: optional(script)})
		if db.IsNoRows(err) || err == nil && (old.Sealed != nil) != secret {
			return noVariable(secret, name)
		}
		if err != nil {
			return err
		}
		if err := s.q.DropVariable(ctx, tx, queries.DropVariableParams{AppID: appID, ID: old.ID}); err != nil {
			return err
		}
		action := audit.VariableDeleted
		if secret {
			action = audit.SecretDeleted
		}
		return app.Record(ctx, tx, appID, did(grant, action, appID, script, name))
	})
	if err != nil {
		return fmt.Errorf("delete variable %s of %s: %w", name, appID, err)
	}
	s.Announce(ctx)
	return nil
}

func did(grant actor.Grant, action audit.Action, appID id.App, script id.Script, name string) audit.Entry {
	object := audit.App(appID)
	if !script.IsZero() {
		object = audit.Script(script)
	}
	return audit.By(grant.Who(), action, object, map[string]any{"name": name})
}

func optional(script id.Script) *id.Script {
	if script.IsZero() {
		return nil
	}
	return &script
}
