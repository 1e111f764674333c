// Package audit writes the table of who did what to which thing, when and from where. It
// is the only one that does, so that all rows are alike, and it writes through the
// caller's transaction, so that a change and its row are one.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"picloud/engine/actor"
	"picloud/engine/id"
	"picloud/queries"
)

// Action is what was done.
type Action string

// The actions.
const (
	SetUp           Action = "set-up"
	SignedIn        Action = "sign-in"
	SignInFailed    Action = "sign-in failed"
	SignedOut       Action = "sign-out"
	PasswordChanged Action = "password changed"
	PasswordReset   Action = "password reset"
	SessionRevoked  Action = "session revoked"
	OthersRevoked   Action = "other sessions revoked"
	KeyMade         Action = "key made"
	KeyRevoked      Action = "key revoked"
	AppCreated      Action = "app created"
	AppRenamed      Action = "app renamed"
	AppDeleted      Action = "app deleted"
	ScriptCreated   Action = "script created"
	ScriptRenamed   Action = "script renamed"
	ScriptDescribed Action = "script described"
	ScriptDeleted   Action = "script deleted"
	DraftReplaced   Action = "draft replaced"
	VersionMadeLive Action = "version made live"
	ScriptPaused    Action = "script paused"
	ScriptReleased  Action = "script released"
	AppPaused       Action = "app paused"
	AppReleased     Action = "app released"
	Unpublished     Action = "script unpublished"
	VariableSet     Action = "variable set"
	VariableDeleted Action = "variable deleted"
	SecretSet       Action = "secret set"
	SecretDeleted   Action = "secret deleted"
	KeyRotated      Action = "secrets' key rotated"
	OutboundSet     Action = "outgoing requests set"
	HostsForgotten  Action = "seen hosts forgotten"
)

// Who acts where nobody asked over the network: PiCloud itself, and commands that go to
// the database directly, since whoever may run them on this machine may do anything to it.
const (
	System = "system"
	CLI    = "cli"
)

// Entry is one row. It never holds a secret or what somebody typed into a password form.
type Entry struct {
	Actor   string // as actor.Actor's String, System or CLI
	Address string // IP address without port; "": this machine
	Action  Action
	Object  Object
	Detail  map[string]any
	At      time.Time // zero: now
}

// By is an entry of what an actor does.
func By(who actor.Actor, action Action, object Object, detail map[string]any) Entry {
	return Entry{Actor: who.String(), Address: who.Client.Address, Action: action, Object: object, Detail: detail}
}

// Object is the thing that it was done to.
type Object string

// UnknownUser is the object of a sign-in with an e-mail address that nobody has.
const UnknownUser Object = "user:unknown"

// User is a person as an object.
func User(user id.User) Object { return Object("user:" + user.String()) }

// Session is a session as an object.
func Session(session id.Session) Object { return Object("session:" + session.String()) }

// Key is an API key as an object.
func Key(key id.Key) Object { return Object("key:" + key.String()) }

// App is an app as an object.
func App(app id.App) Object { return Object("app:" + app.String()) }

// Script is a script as an object.
func Script(script id.Script) Object { return Object("script:" + script.String()) }

// maxAddress is the longest address that is kept, in bytes.
const maxAddress = 64

// Write adds a row in the caller's transaction.
func Write(ctx context.Context, db queries.DBTX, e Entry) error {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	if e.Detail == nil {
		e.Detail = map[string]any{}
	}
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	err = queries.New().AddAudit(ctx, db, queries.AddAuditParams{
		ID: id.New[id.Audit](), At: e.At, Actor: e.Actor, Action: string(e.Action), Object: string(e.Object), Detail: detail, Address: printable(e.Address),
	})
	if err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return nil
}

// printable makes an address fit for its column, whoever claimed it.
func printable(address string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, address[:min(len(address), maxAddress)])
}
