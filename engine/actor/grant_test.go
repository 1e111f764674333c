package actor

import (
	"slices"
	"testing"

	"picloud/engine/fault"
	"picloud/engine/id"
)

func TestCapabilities(t *testing.T) {
	t.Parallel()
	own, foreign := id.New[id.App](), id.New[id.App]()
	key := id.New[id.Key]()
	user := id.New[id.User]()
	session := Actor{User: user, CanWrite: true}
	writes, reads := Actor{User: user, Key: &key, CanWrite: true}, Actor{User: user, Key: &key}
	boundWrites, boundReads := Actor{User: user, Key: &key, CanWrite: true, App: &own}, Actor{User: user, Key: &key, App: &own}
	const yes, no, hidden = "yes", "denied", "not found"
	for _, c := range []struct {
		capability Capability
		app        id.App
		want       [5]string // session, write key, read key, bound write key, bound read key
	}{
		{ReadApp, own, [5]string{yes, yes, yes, yes, yes}},
		{ReadApp, foreign, [5]string{yes, yes, yes, hidden, hidden}},
		{WriteScript, own, [5]string{yes, yes, no, yes, no}},
		{WriteScript, foreign, [5]string{yes, yes, no, hidden, hidden}},
		{ManageApp, own, [5]string{yes, yes, no, yes, no}},
		{DeleteApp, own, [5]string{yes, yes, no, no, no}},
		{DeleteApp, foreign, [5]string{yes, yes, no, hidden, hidden}},
		{ManageOutbound, own, [5]string{yes, yes, no, no, no}},
		{ManageOutbound, foreign, [5]string{yes, yes, no, hidden, hidden}},
		{ListApps, id.App{}, [5]string{yes, yes, yes, yes, yes}},
		{CreateApp, id.App{}, [5]string{yes, yes, no, no, no}},
		{ManageAccount, id.App{}, [5]string{yes, no, no, no, no}},
	} {
		for i, who := range []Actor{session, writes, reads, boundWrites, boundReads} {
			got := yes
			switch _, err := Allow(who, c.capability, c.app); {
			case fault.Is(err, fault.Denied):
				got = no
			case fault.Is(err, fault.NotFound):
				got = hidden
			case err != nil:
				t.Fatal(err)
			}
			if got != c.want[i] {
				t.Errorf("capability %d, actor %d: %s, want %s", c.capability, i, got, c.want[i])
			}
		}
		if _, err := Allow(Actor{}, c.capability, c.app); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("capability %d is open to nobody: %v", c.capability, err)
		}
	}
}

// A capability inside an app is granted in one app, the others in none.
func TestGrantsAreOfOneAppOrOfNone(t *testing.T) {
	t.Parallel()
	who, app := Actor{User: id.New[id.User](), CanWrite: true}, id.New[id.App]()
	for capability, r := range rules() {
		wrong := app
		if r.inApp {
			wrong = id.App{}
		}
		if _, err := Allow(who, Capability(capability), wrong); !fault.Is(err, fault.NotFound) {
			t.Errorf("capability %d: %v", capability, err)
		}
	}
}

// grantOf is a grant that the owner has, in an app where the capability is about one.
func grantOf(t *testing.T, capability Capability) (Grant, id.App) {
	t.Helper()
	app := id.App{}
	if rules()[capability].inApp {
		app = id.New[id.App]()
	}
	grant, err := Allow(Actor{User: id.New[id.User](), CanWrite: true}, capability, app)
	if err != nil {
		t.Fatal(err)
	}
	return grant, app
}

func TestWhatAGrantBrings(t *testing.T) {
	t.Parallel()
	want := map[Capability][]Capability{
		ReadApp:        {ReadApp, ListApps},
		WriteScript:    {WriteScript, ReadApp, ListApps},
		ManageApp:      {ManageApp, ReadApp, ListApps},
		DeleteApp:      {DeleteApp, ManageApp, ReadApp, ListApps},
		ManageOutbound: {ManageOutbound, ReadApp, ListApps},
		ListApps:       {ListApps},
		CreateApp:      {CreateApp, ListApps},
		ManageAccount:  {ManageAccount, ListApps},
	}
	for i := range rules() {
		granted := Capability(i)
		grant, app := grantOf(t, granted)
		for j, r := range rules() {
			needed := Capability(j)
			allowed := slices.Contains(want[granted], needed)
			if err := grant.Need(needed); allowed && err != nil || !allowed && !fault.Is(err, fault.Denied) {
				t.Errorf("capability %d with a grant of %d: %v", needed, granted, err)
			}
			in, err := grant.App(needed)
			if r.inApp && allowed && (err != nil || in != app) {
				t.Errorf("capability %d with a grant of %d: app %s, %v", needed, granted, in, err)
			}
			if (!allowed || app.IsZero()) && (err == nil || !in.IsZero()) {
				t.Errorf("capability %d with a grant of %d is in app %s", needed, granted, in)
			}
		}
	}
}

func TestTheZeroGrantGrantsNothing(t *testing.T) {
	t.Parallel()
	var zero Grant
	for i := range rules() {
		if err := zero.Need(Capability(i)); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("capability %d: %v", i, err)
		}
		if app, err := zero.App(Capability(i)); !fault.Is(err, fault.Unauthenticated) || !app.IsZero() {
			t.Errorf("capability %d: app %s, %v", i, app, err)
		}
	}
	if zero.Sees(id.New[id.App]()) {
		t.Error("nobody sees an app")
	}
}
