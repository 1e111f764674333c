package audit_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"picloud/db"
	"picloud/db/dbtest"
	"picloud/engine/actor"
	"picloud/engine/audit"
	"picloud/engine/id"
)

// A row says who did what to which thing, when and from where, and is there only if what
// it tells of is.
func TestARowIsPartOfItsTransaction(t *testing.T) {
	t.Parallel()
	pool, app := dbtest.New(t), id.New[id.App]()
	who := actor.Actor{User: id.New[id.User](), Client: actor.Client{Address: "192.0.2.1\x00" + strings.Repeat("x", 100)}}
	undone := errors.New("undone")
	for _, outcome := range []error{undone, nil} {
		err := db.InTx(t.Context(), pool, func(tx pgx.Tx) error {
			entry := audit.By(who, audit.AppCreated, audit.App(app), map[string]any{"slug": "shop"})
			entry.At = time.Unix(1e9, 0)
			return errors.Join(audit.Write(t.Context(), tx, entry), outcome)
		})
		if !errors.Is(err, outcome) {
			t.Fatal(err)
		}
	}
	var by, action, object, detail, address string
	var at time.Time
	err := pool.QueryRow(t.Context(), "SELECT actor, action, object, detail::text, address, at FROM audit").Scan(&by, &action, &object, &detail, &address, &at)
	if err != nil {
		t.Fatal(err)
	}
	if by != "user:"+who.User.String() || action != "app created" || object != "app:"+app.String() || detail != `{"slug": "shop"}` || !at.Equal(time.Unix(1e9, 0)) {
		t.Errorf("%s %s %s %s %s", by, action, object, detail, at)
	}
	if !strings.HasPrefix(address, "192.0.2.1xxx") || len(address) > 64 {
		t.Errorf("address %q", address)
	}
	var rows int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM audit").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows, %v", rows, err)
	}
}
