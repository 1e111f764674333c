package access

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"picloud/engine/fault"
	"picloud/engine/id"
)

func TestFailedSignInsSlowDown(t *testing.T) {
	t.Parallel()
	s, c := newOwned(t)
	guess := func(address string) error {
		_, err := s.SignIn(t.Context(), ownerEmail, "wrong wrong wrong", client(address))
		return err
	}
	signedIn(t, s, "203.0.113.9") // the owner's own address
	for i := range accountTries {
		wantKind(t, guess(fmt.Sprintf("192.0.2.%d", i)), fault.Unauthenticated)
	}
	for _, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		f := wantKind(t, guess("192.0.2.99"), fault.TooMany)
		if f.Wait != want {
			t.Errorf("wait %s, want %s", f.Wait, want)
		}
		c.forward(want)
		wantKind(t, guess("192.0.2.99"), fault.Unauthenticated)
	}
	if _, err := s.SignIn(t.Context(), ownerEmail, ownerPassword, client("203.0.113.9")); err != nil {
		t.Errorf("the owner is kept out at their own address: %v", err)
	}
	for i := range accountTries + 10 { // the longest wait comes and stays
		c.forward(longestWait)
		wantKind(t, guess(fmt.Sprintf("198.51.100.%d", i)), fault.Unauthenticated)
	}
	if f := wantKind(t, guess("192.0.2.77"), fault.TooMany); f.Wait > longestWait {
		t.Errorf("waits %s, which locks the account", f.Wait)
	}
	c.forward(longestWait)
	if _, err := s.SignIn(t.Context(), ownerEmail, ownerPassword, client("192.0.2.77")); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

// failing is what somebody tries, each time with a wrong password.
type failing struct {
	times           int
	email, address  string // "#" in either is replaced by the number of the try
	fromOwnersPlace bool   // with the mark of the owner's browser
}

// Who is held up by the failures of whom.
func TestFailuresHoldUpOnlyWhoTheyAreAbout(t *testing.T) {
	t.Parallel()
	const office, elsewhere = "198.51.100.7", "203.0.113.9"
	for name, c := range map[string]struct {
		before  []failing
		email   string // "": the owner's
		address string
		marked  bool // the browser has the owner's mark
		waits   time.Duration
	}{
		"the account from that address": {before: []failing{{times: freeTries, email: ownerEmail, address: office}}, address: office, waits: time.Second},
		"one failure less":              {before: []failing{{times: freeTries - 1, email: ownerEmail, address: office}}, address: office},
		"the account from elsewhere":    {before: []failing{{times: freeTries, email: ownerEmail, address: office}}, address: elsewhere},
		"another account from there":    {before: []failing{{times: freeTries, email: "bert@example.org", address: office}}, address: office},
		"its own device from there":     {before: []failing{{times: freeTries, email: ownerEmail, address: office}}, address: office, marked: true},
		"many accounts, below the limit of the address": {
			before: []failing{{times: addressTries - 1, email: "p#@example.org", address: office}}, address: office,
		},
		"many accounts": {
			before: []failing{{times: addressTries, email: "p#@example.org", address: office}}, address: office, waits: time.Second,
		},
		"many accounts, and its own device": {
			before: []failing{{times: addressTries, email: "p#@example.org", address: office}}, address: office, marked: true,
		},
		"many accounts of a subscriber's network": {
			before: []failing{{times: addressTries, email: "p#@example.org", address: "2001:db8:1:2::#"}}, address: "2001:db8:1:2:ffff::1", waits: time.Second,
		},
		"another network": {
			before: []failing{{times: addressTries, email: "p#@example.org", address: "2001:db8:1:2::#"}}, address: "2001:db8:1:3::1",
		},
		"a distributed guess": {
			before: []failing{{times: accountTries, email: ownerEmail, address: "192.0.2.#"}}, address: elsewhere, waits: time.Second,
		},
		"a distributed guess, and its own device": {
			before: []failing{{times: accountTries, email: ownerEmail, address: "192.0.2.#"}}, address: elsewhere, marked: true,
		},
		"failures of its own device": {
			before: []failing{{times: freeTries, email: ownerEmail, address: office, fromOwnersPlace: true}}, address: elsewhere, marked: true, waits: time.Second,
		},
		"the owner's device at another account": {
			before: []failing{{times: freeTries, email: "bert@example.org", address: office}}, email: "bert@example.org", address: office, marked: true, waits: time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := newOwned(t)
			_, _, issued := signedIn(t, s, "192.0.2.250")
			for _, f := range c.before {
				f.tries(t, s, issued.Device)
			}
			from := client(c.address)
			if c.marked {
				from.Device = issued.Device
			}
			if c.email == "" {
				c.email = ownerEmail
			}
			_, err := s.SignIn(t.Context(), c.email, ownerPassword, from)
			if c.waits == 0 && err != nil {
				t.Fatal(err)
			}
			if c.waits > 0 && wantKind(t, err, fault.TooMany).Wait != c.waits {
				t.Errorf("waits %v, want %v", fault.Of(err).Wait, c.waits)
			}
		})
	}
}

// tries counts the failures as SignIn does, without the work of a password each time.
func (f failing) tries(t *testing.T, s *Service, mark string) {
	t.Helper()
	for i := range f.times {
		number := fmt.Sprint(i)
		email, from := strings.ReplaceAll(f.email, "#", number), client(strings.ReplaceAll(f.address, "#", number))
		device := ""
		if f.fromOwnersPlace {
			device = mark
		}
		if err := s.take(t.Context(), triesOf(email, from, device), email, from); err != nil {
			t.Fatalf("try %d: %v", i, err)
		}
	}
}

// Who is signed in changes the password although the account is being attacked.
func TestASessionIsCountedByItself(t *testing.T) {
	t.Parallel()
	s, _ := newOwned(t)
	ctx, who, _ := signedIn(t, s, "198.51.100.7")
	failing{times: freeTries, email: ownerEmail, address: "198.51.100.7"}.tries(t, s, "")
	grant := grantOf(t, who)
	for range freeTries {
		wantKind(t, second(s.ChangePassword(ctx, grant, "wrong wrong wrong", "granite pelican Tuesday 4")), fault.Invalid)
	}
	wantKind(t, second(s.ChangePassword(ctx, grant, ownerPassword, "granite pelican Tuesday 4")), fault.TooMany)
}

func TestMarksOfDevices(t *testing.T) {
	t.Parallel()
	s, _ := newOwned(t)
	_, who, issued := signedIn(t, s, "192.0.2.1")
	key, err := s.deviceKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(issued.Device, ".")
	other := id.New[id.User]()
	for name, c := range map[string]struct {
		mark string
		user id.User
		want bool
	}{
		"its own":             {issued.Device, who.User, true},
		"of another":          {issued.Device, other, false},
		"of another's mark":   {mark(key, other), who.User, false},
		"of another key":      {mark(make([]byte, 32), who.User), who.User, false},
		"with another random": {strings.Replace(issued.Device, ".", ".X", 1), who.User, false},
		"without signature":   {text, who.User, false},
		"empty":               {"", who.User, false},
		"dots":                {"..", who.User, false},
	} {
		if got := marks(key, c.user, c.mark); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	from := client("192.0.2.1")
	from.Device = issued.Device
	if again, err := s.SignIn(t.Context(), ownerEmail, ownerPassword, from); err != nil || again.Device != issued.Device {
		t.Errorf("a known device gets another mark: %v", err)
	}
}
