package access

import (
	"context"
	"strings"
	"testing"

	"picloud/engine/fault"
)

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	for password, refused := range map[string]bool{
		"elevenchars":                  true,
		"twelve chars":                 false,
		strings.Repeat("ä€", 64):       true, // a unit repeated
		strings.Repeat("x", 129):       true,
		"violet harbour onion tram":    false,
		"correct-horse-7-tram-lantern": false,
		"aaaaaaaaaaaa":                 true,
		"abcabcabcabc":                 true,
		"123456789012":                 true,
		"abcdefghijkl":                 true,
		"987654321098":                 true,
		"passwordpassword":             true,
		"P@ssw0rd12345":                true,
		"Password2026!":                true,
		"!!!iloveyou!!!":               true,
		"qwertyuiop123":                true,
		"Administrator1":               true,
		"adminpassword":                true,
		"summer-winter":                false,
		"summerwinter1":                true,
		"anna@example.org":             true,
		"ANNA@example.org":             true,
		"with\x00nul character":        true,
		"bad utf8 \xff\xff\xff\xff":    true,
		"пароль из четырёх слов": false,
	} {
		if got := passwordFault(password, ownerEmail); (got != "") != refused {
			t.Errorf("%q: %q", password, got)
		}
	}
}

func TestEmailRules(t *testing.T) {
	t.Parallel()
	for email, refused := range map[string]bool{
		"anna@example.org": false, "a@b": false, "anna+tag@mail.example.org": false, "änna@exämple.org": false,
		"": true, "anna": true, "@example.org": true, "anna@": true, "a@b@c": true, "anna @example.org": true,
		"Anna <anna@example.org>": true, "anna@example..org": true, "anna@-x.org": true, "anna@[127.0.0.1]": true,
		"a\x00b@example.org": true, "a\r\nb@example.org": true, `"a b"@example.org`: true,
		strings.Repeat("a", 65) + "@example.org": true, "a@" + strings.Repeat("b.", 130) + "org": true,
	} {
		if got := emailFault(email); (got != "") != refused {
			t.Errorf("%q: %q", email, got)
		}
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	h := newHasher()
	phc, err := h.hash(t.Context(), "café in the morning")
	if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=47104,t=1,p=1$") {
		t.Fatalf("%q, %v", phc, err)
	}
	for password, want := range map[string]bool{"café in the morning": true, "cafe\u0301 in the morning": true, "cafe in the morning": false} {
		if match, stale, err := h.verify(t.Context(), password, phc); match != want || stale || err != nil {
			t.Errorf("%q: %v, %v, %v", password, match, stale, err)
		}
	}
	old := cost{memory: 8192, passes: 1, lanes: 1}
	salt := make([]byte, saltBytes)
	if match, stale, err := h.verify(t.Context(), "x", old.encode(salt, old.derive("x", salt))); !match || !stale || err != nil {
		t.Errorf("old cost: %v, %v, %v", match, stale, err)
	}
	for _, damaged := range []string{"", "x", "$argon2i$v=19$m=1,t=1,p=1$$", strings.Replace(phc, "m=47104", "m=4294967295", 1), phc[:len(phc)-4]} {
		if _, _, err := h.verify(t.Context(), "x", damaged); err == nil {
			t.Errorf("%q is accepted", damaged)
		}
	}
	if match, _, err := h.verify(t.Context(), "", dummyHash()); match || err != nil {
		t.Errorf("dummy: %v, %v", match, err)
	}
}

func TestHasherRefusesWhenFull(t *testing.T) {
	t.Parallel()
	h := newHasher()
	started, release := make(chan struct{}), make(chan struct{})
	results := make(chan error, hashersAtOnce+hashersInLine)
	for range cap(results) {
		h.line <- struct{}{} // places taken, as by work that waits
	}
	if err := h.do(t.Context(), func() {}); !fault.Is(err, fault.Unavailable) || fault.Of(err).Wait == 0 {
		t.Errorf("full line: %v", err)
	}
	for range cap(results) {
		<-h.line
	}
	for range hashersAtOnce {
		go func() { results <- h.do(context.Background(), func() { started <- struct{}{}; <-release }) }()
		<-started
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.do(ctx, func() { t.Error("a third runs") }); err == nil {
		t.Error("a third did not wait")
	}
	close(release)
	for range hashersAtOnce {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func TestRehashAtSignIn(t *testing.T) {
	t.Parallel()
	s, _ := newOwned(t)
	old, salt := cost{memory: 8192, passes: 1, lanes: 1}, make([]byte, saltBytes)
	if _, err := s.pool.Exec(t.Context(), "UPDATE users SET password_hash = $1", old.encode(salt, old.derive(ownerPassword, salt))); err != nil {
		t.Fatal(err)
	}
	signedIn(t, s, "192.0.2.1")
	var phc string
	if err := s.pool.QueryRow(t.Context(), "SELECT password_hash FROM users").Scan(&phc); err != nil || !strings.Contains(phc, "m=47104") {
		t.Errorf("hash after sign-in %q, %v", phc, err)
	}
	signedIn(t, s, "192.0.2.1")
}

func TestSessionOfAChangedPasswordIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := newOwned(t)
	user, err := s.q.ReadUserByEmail(t.Context(), s.pool, ownerEmail)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ResetPassword(t.Context(), ownerEmail); err != nil { // between the check and the session
		t.Fatal(err)
	}
	issued, err := s.begin(t.Context(), user, client("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, s.stillHolds(t.Context(), user, issued), fault.Unauthenticated)
	if _, _, ok := resume(t, s, issued.Token); ok {
		t.Error("the session of the old password is let in")
	}
}
