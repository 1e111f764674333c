package variable

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/engine/app"
	"picloud/engine/audit"
	"picloud/engine/id"
	"picloud/engine/seal"
	"picloud/queries"
)

// System is what PiCloud does with secrets by itself, and for whoever runs commands on the
// machine, in all apps.
type System struct {
	app.Herald

	pool *pgxpool.Pool
	q    *queries.Queries
	keys *seal.Ring
}

// NewSystem makes it over a pool in the manager's role.
func NewSystem(pool *pgxpool.Pool, keys *seal.Ring) *System {
	return &System{Herald: app.NewHerald(pool), pool: pool, q: queries.New(), keys: keys}
}

// KeyUse is how many secrets a key has sealed.
type KeyUse struct {
	ID      seal.KeyID
	Secrets int
}

// Missing says, in a sentence, which secrets cannot be opened for want of their key; "": none.
func (s *System) Missing(ctx context.Context) (string, error) {
	missing, err := missingKeys(ctx, s.q, s.pool, s.keys)
	if err != nil || len(missing) == 0 {
		return "", err
	}
	return sentence(missing), nil
}

func missingKeys(ctx context.Context, q *queries.Queries, source queries.DBTX, keys *seal.Ring) ([]KeyUse, error) {
	rows, err := q.ListKeyIDsAcrossApps(ctx, source)
	if err != nil {
		return nil, fmt.Errorf("list keys of secrets: %w", err)
	}
	var missing []KeyUse
	for _, row := range rows {
		if id := seal.KeyID(row.KeyID); !keys.Has(id) {
			missing = append(missing, KeyUse{ID: id, Secrets: int(row.Secrets)})
		}
	}
	return missing, nil
}

func sentence(missing []KeyUse) string {
	var ids []string
	secrets := 0
	for _, use := range missing {
		ids = append(ids, string(use.ID))
		secrets += use.Secrets
	}
	return fmt.Sprintf("%d secrets were sealed with key %s, which is not here. Give it with PICLOUD_SECRET_KEY, or put back its file in the folder "+
		"keys of the data folder; if it is lost, delete these secrets. Until then no secret can be set.", secrets, strings.Join(ids, " and "))
}

// reseal is how many secrets are sealed anew in one transaction.
const reseal = 100

// Reseal seals with the current key what another one has sealed, while functions and people go on
// with all of it. It fails, and leaves the rest as it was, at a secret that cannot be opened.
func (s *System) Reseal(ctx context.Context) (resealed int, err error) {
	after := id.Variable{}
	for again := true; ; { // until none is found: one may have been sealed meanwhile by who had not heard
		last, n, err := s.resealSome(ctx, after)
		resealed += n
		if err != nil {
			return resealed, fmt.Errorf("seal secrets anew: %w", err)
		}
		if n > 0 {
			after, again = last, true
			continue
		}
		if !again || after.IsZero() {
			break
		}
		after, again = id.Variable{}, false
	}
	if resealed > 0 {
		s.Announce(ctx)
	}
	return resealed, nil
}

func (s *System) resealSome(ctx context.Context, after id.Variable) (last id.Variable, resealed int, err error) {
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := s.q.ListSealedAcrossApps(ctx, tx, queries.ListSealedAcrossAppsParams{Current: string(s.keys.Current()), After: after, Most: reseal})
		if err != nil {
			return err
		}
		changed := map[id.App]int{}
		for _, row := range rows {
			of := identity(row.AppID, scriptOf(row.ScriptID), row.Name)
			value, err := s.keys.Open(seal.KeyID(row.KeyID), row.Sealed, of)
			if err != nil {
				return fmt.Errorf("secret %s of app %s: %w", row.Name, row.AppID, err)
			}
			key, sealed, err := s.keys.Seal(value, of)
			if err != nil {
				return err
			}
			if err := s.q.ReplaceSealed(ctx, tx, queries.ReplaceSealedParams{AppID: row.AppID, ID: row.ID, Sealed: sealed, KeyID: string(key)}); err != nil {
				return err
			}
			changed[row.AppID]++
			last = row.ID
		}
		for appID, n := range changed {
			did := audit.Entry{Actor: audit.CLI, Action: audit.KeyRotated, Object: audit.App(appID), Detail: map[string]any{"secrets": n, "key": s.keys.Current()}}
			if err := app.Record(ctx, tx, appID, did); err != nil {
				return err
			}
		}
		resealed = len(rows)
		return nil
	})
	return last, resealed, err
}

func scriptOf(script *id.Script) id.Script {
	if script == nil {
		return id.Script{}
	}
	return *script
}
