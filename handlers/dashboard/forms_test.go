package dashboard_test

import (
	"html"
	"net/http"
	"strings"
	"testing"

	"picloud/engine/access"
	"picloud/engine/actor"
	"picloud/engine/execution"
	"picloud/engine/id"
	"picloud/engine/name"
	"picloud/engine/script"
)

func scriptSettings(description string) script.Settings {
	return script.Settings{Description: description, Capture: execution.CaptureAll}
}

func TestSetup(t *testing.T) {
	t.Parallel()
	s := empty(t)
	s.goes(s.get("/"), "/login")
	s.sees(s.get("/login"), 200, "Nobody owns this PiCloud yet")
	token, _, err := s.access.NewSetupToken(t.Context())
	s.must(err)
	s.sees(s.get("/setup?token="+token), 200, "Create the account")
	s.sees(s.get("/setup?token="+token), 200, token) // asking uses nothing up
	s.sees(s.get("/setup?token=wrong"), 404, "has had its day")
	s.sees(s.get("/setup"), 404, "has had its day")
	page := s.post("/setup", form("token", token, "name", "Anna", "email", "no address", "password", "short"))
	s.sees(page, 422, "no address", "Anna", "looks like", "f-password")
	s.inert("setup", s.post("/setup", form("token", token, "name", evil, "email", evil, "password", evil)))
	if strings.Contains(page.body, `value="short"`) {
		t.Error("the password is on the page")
	}
	s.sees(s.post("/setup", form("token", "wrong", "name", "Anna", "email", email, "password", password)), 404, "has had its day")
	made := s.post("/setup", form("token", token, "name", "Anna", "email", email, "password", password))
	s.goes(made, "/apps?landing")
	s.cookie = made.cookie()
	s.sees(s.get("/profile"), 200, "Anna", email)
	s.goes(s.get("/setup?token="+token), "/login")
	s.sees(s.post("/setup", form("token", token, "name", "Eve", "email", "eve@example.org", "password", password)), 409, "has an owner already")
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.cookie = ""
	s.sees(s.get("/login?next=/apps/shop"), 200, `value="/apps/shop"`)
	s.sees(s.post("/login", form("email", email, "password", "wrong")), 422, "E-mail or password is wrong", email)
	s.sees(s.post("/login", form("email", "nobody@example.org", "password", password)), 422, "E-mail or password is wrong")
	for next, to := range map[string]string{
		"/apps/shop?x=1": "/apps/shop?x=1", "/": "/apps?landing", "//evil.example": "/apps?landing", "https://evil.example/": "/apps?landing", "": "/apps?landing",
		"/\\evil.example": "/apps?landing", "javascript:alert(1)": "/apps?landing",
	} {
		in := s.post("/login", form("email", email, "password", password, "next", next))
		s.goes(in, to)
		s.cookie = in.cookie()
		s.goes(s.get("/login?next="+next), to)
		s.cookie = ""
	}
	s.signIn()
	out := s.post("/logout", nil)
	s.goes(out, "/login")
	if !strings.Contains(out.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("cookie after signing out: %s", out.header.Get("Set-Cookie"))
	}
	s.goes(s.get("/apps"), "/login?next=%2Fapps")
	s.sees(s.get("/login"), 200, "Your session has ended.")
	s.cookie = ""
	var last answer
	for tries := 0; tries < 100 && last.status != http.StatusTooManyRequests; tries++ { // a busy machine takes its time with each
		last = s.post("/login", form("email", email, "password", "wrong"))
	}
	s.sees(last, 429, "Too many failed sign-ins")
	if last.header.Get("Retry-After") == "" {
		t.Error("nothing says when to try again")
	}
}

func TestSessionThatEndedAsksToSignIn(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, err := s.pool.Exec(t.Context(), "DELETE FROM sessions")
	s.must(err)
	s.goes(s.get("/apps/shop"), "/login?next=%2Fapps%2Fshop")
	s.goes(s.post("/apps/shop/scripts/hello/publish", form("revision", "1")), "/login")
	put := s.ask("PUT", "/apps/shop/scripts/hello/draft", nil, http.Header{"Accept": {"application/json"}})
	s.sees(put, 401, "Sign in first")
	part := s.ask("GET", "/apps/shop/scripts/hello/publish", nil, http.Header{"Hx-Request": {"true"}})
	if part.status != 204 || part.header.Get("HX-Redirect") != "/login" {
		t.Errorf("htmx: %d %v", part.status, part.header)
	}
}

func TestChangesFromOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, header := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"null"}}, {"Origin": {"https://evil.example"}},
	} {
		for _, path := range []string{"/logout", "/apps", "/profile/keys", "/apps/shop/scripts/hello/delete", "/apps/shop/scripts/hello/run"} {
			if page := s.ask("POST", path, form("confirm", "hello"), header); page.status != 403 {
				t.Errorf("%s %v: %d", path, header, page.status)
			}
		}
	}
}

func TestApps(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sees(s.post("/apps", form("name", "", "slug", "")), 422, "A name is needed", "e-name")
	s.sees(s.post("/apps", form("name", "Second", "slug", "..")), 422, "Second", `value=".."`, "e-slug")
	s.sees(s.post("/apps", form("name", "Second", "slug", "shop")), 409, "belongs to another app")
	s.goes(s.post("/apps", form("name", "Second", "slug", "")), "/apps/second")
	s.sees(s.post("/apps/second/settings", form("name", "Second", "slug", "shop")), 409, "belongs to another app")
	s.goes(s.post("/apps/second/settings", form("name", "Third", "slug", "third")), "/apps/third/settings")
	s.sees(s.get("/apps/third/settings"), 200, "The app is called Third")
	if page := s.get("/apps/third/settings"); strings.Contains(page.body, "is called Third") {
		t.Error("the notice is shown twice")
	}
	for _, path := range []string{"/apps/second/settings?a=%2F", "/apps/%73econd/settings?a=%2F", "/%61pps/sec%6Fnd/settings?a=%2F"} { // encoded, it went in a circle
		old := s.get(path)
		if to := old.header.Get("Location"); old.status != http.StatusPermanentRedirect || !strings.HasSuffix(to, "pps/third/settings?a=%2F") {
			t.Errorf("the old address %s: %d to %s", path, old.status, to)
		}
	}
	if now := s.get("/apps/%74hird/settings"); now.status != http.StatusOK {
		t.Errorf("the new address, encoded: %d", now.status)
	}
}

func TestDeleteApp(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.goes(s.post("/profile/keys", form("name", "ci", "access", "read", "app", "shop", "expires", "30")), "/profile")
	s.sees(s.get("/apps/shop/settings"), 200, "It takes along 1 script with drafts and all versions, and 1 API key")
	page := s.post("/apps/shop/delete", form("confirm", "Shop"))
	s.sees(page, 422, "e-confirm", `value="Shop"`, `value="shop"`)
	s.goes(s.post("/apps/shop/delete", form("confirm", "shop")), "/apps")
	s.sees(s.get("/apps"), 200, "The app Shop is deleted.", "No app yet")
	s.goes(s.get("/"), "/apps")
	for _, path := range []string{"/apps/shop", "/apps/shop/settings", "/apps/shop/scripts/hello"} {
		s.sees(s.get(path), 404)
	}
	s.sees(s.post("/apps/shop/delete", form("confirm", "shop")), 404)
}

func TestScripts(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sees(s.post("/apps/shop/scripts", form("name", "Not Good", "description", "what it does", "language", "typescript")), 422, "Not Good", "what it does", "e-name")
	s.sees(s.post("/apps/shop/scripts", form("name", "cobol", "language", "cobol")), 422, "no language")
	s.sees(s.post("/apps/shop/scripts", form("name", "hello", "language", "typescript")), 409, "has a script")
	s.sees(s.post("/apps/shop/scripts", form("name", "fn", "language", "typescript")), 422, "reserved")
	s.goes(s.post("/apps/shop/scripts", form("name", "second", "language", "javascript")), "/apps/shop/scripts/second")
	s.sees(s.get("/apps/shop/scripts/second"), 200, "Live v1", "second.js", "http://shop.fn.example:8080/second", "Live: http://pi.example:8080/fn/shop/second")

	s.sees(s.post("/apps/shop/scripts/second/settings", form("description", strings.Repeat("a", 501), "capture", "all")), 422, "501")
	s.sees(s.post("/apps/shop/scripts/second/settings", form("description", "new words", "capture", "everything")), 422, "new words")
	s.goes(s.post("/apps/shop/scripts/second/settings", form("description", "new words", "capture", "all")), "/apps/shop/scripts/second/settings")
	s.sees(s.get("/apps/shop/scripts/second/settings"), 200, "new words", "Saved.")
	s.sees(s.post("/apps/shop/scripts/second/rename", form("name", "hello")), 409, "has a script")
	s.sees(s.post("/apps/shop/scripts/second/rename", form("name", "A")), 422, `value="A"`)
	s.goes(s.post("/apps/shop/scripts/second/rename", form("name", "third")), "/apps/shop/scripts/third/settings")
	for _, path := range []string{"/apps/shop/scripts/second", "/apps/shop/scripts/%73econd"} {
		if old := s.get(path); old.status != http.StatusPermanentRedirect || old.header.Get("Location") != "/apps/shop/scripts/third" {
			t.Errorf("the old address: %d to %s", old.status, old.header.Get("Location"))
		}
	}
	s.sees(s.post("/apps/shop/scripts/third/delete", form("confirm", "second")), 422, "e-confirm", `value="second"`)
	s.goes(s.post("/apps/shop/scripts/third/delete", form("confirm", "third")), "/apps/shop")
	s.sees(s.get("/apps/shop/scripts/third"), 404)
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	s := open(t)
	const hello = "/apps/shop/scripts/hello"
	s.sees(s.get(hello+"/settings"), 200, `value="typescript" checked`)
	s.sees(s.post(hello+"/settings", form("capture", "all", "language", "cobol")), 422, "e-language")
	s.goes(s.post(hello+"/settings", form("capture", "all", "language", "javascript")), hello+"/settings")
	s.sees(s.get(hello+"/settings"), 200, `value="javascript" checked`)
	s.sees(s.get(hello), 200, "hello.js", "Draft has another language")
	page := s.get(hello + "/publish")
	s.sees(page, 200, "built as another language")
	s.goes(s.post(hello+"/publish", form("revision", s.input(page, "revision"), "if_version", "2")), hello)
	s.sees(s.get(hello), 200, "Published v3", "Draft is the same")
	s.sees(s.get(hello+"/versions/3"), 200, "hello.js")
	s.sees(s.get(hello+"/versions/2"), 200, "hello.ts")
}

func TestNewScript(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sees(s.get("/apps/shop/scripts/new"), 200, html.EscapeString(name.Rule), "/apps/shop/scripts/new/name", "A webhook")
	s.sees(s.post("/apps/shop/scripts", form("name", "x", "template", "spa")), 422, "e-template", "is no template")
	for _, named := range []string{"", "Not Good", "fn", "hello"} {
		said, refused := s.get("/apps/shop/scripts/new/name?"+form("name", named).Encode()), s.post("/apps/shop/scripts", form("name", named))
		s.sees(said, 200, `id="e-name"`) // the rule stays beside it
		_, why, _ := strings.Cut(said.body, `id="e-name">`)
		why, _, _ = strings.Cut(why, "<")
		if why == "" || !strings.Contains(refused.body, why) || refused.status < 400 {
			t.Errorf("%q: %q is said while one types, and then %d: %s", named, why, refused.status, short(refused.body))
		}
	}
	free := s.get("/apps/shop/scripts/new/name?name=free")
	if s.sees(free, 200, "http://pi.example:8080/fn/shop/free"); strings.Contains(free.body, "e-name") {
		t.Error(free.body)
	}
	s.sees(s.get("/apps/shop/scripts/new/name?name=index"), 200, "http://pi.example:8080/fn/shop/<")
	s.goes(s.post("/apps/shop/scripts", form("name", "index", "language", "typescript", "template", "form")), "/apps/shop/scripts/index")
	s.sees(s.get("/apps/shop/scripts/index"), 200, "A page with a form", "Live: http://pi.example:8080/fn/shop/<", "http://shop.fn.example:8080/<")
}

func TestVersions(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sees(s.post("/apps/shop/scripts/hello/versions/2/live", form("note", "again")), 303)
	s.sees(s.post("/apps/shop/scripts/hello/versions/1/live", form("note", strings.Repeat("a", 501))), 422, "501")
	s.goes(s.post("/apps/shop/scripts/hello/versions/1/live", form("note", "it was better")), "/apps/shop/scripts/hello/versions")
	s.sees(s.get("/apps/shop/scripts/hello/versions"), 200, "it was better", "back from v2", "v1 is live.")
	s.sees(s.get("/apps/shop/scripts/hello"), 200, "Live v1", "Draft differs")
	s.sees(s.get("/apps/shop/scripts/hello/versions?before=2"), 200, "note 1")
	s.sees(s.get("/apps/shop/scripts/hello/versions?before=x"), 200, "note 2")
}

func TestUnpublish(t *testing.T) {
	t.Parallel()
	s := open(t)
	const hello = "/apps/shop/scripts/hello"
	s.sees(s.get(hello), 200, "Unpublish…", hello+"/unpublish")
	s.sees(s.post(hello+"/unpublish", form("note", strings.Repeat("a", 501))), 422, "501")
	s.goes(s.post(hello+"/unpublish", form("note", "wrong prices")), hello)
	page := s.get(hello)
	s.sees(page, 200, "Not published", "hello is unpublished: its URL answers 404")
	if strings.Contains(page.body, "Unpublish…") {
		t.Error("what is not live can be unpublished")
	}
	s.sees(s.get(hello+"/versions"), 200, "Unpublished", "v2 was live", "wrong prices", "nothing is live", "Make v2 live")
	s.sees(s.get(hello+"/publish"), 200, "Nothing is live now.", "Publish v3")
	s.sees(s.get(hello+"/diff?from=live"), 404, "Nothing is live.")
	s.sees(s.get("/apps/shop"), 200, "not published")
	s.goes(s.post(hello+"/versions/1/live", form("note", "")), hello+"/versions")
	s.sees(s.get(hello+"/versions"), 200, "v1 is live.", "went live")
	s.sees(s.get(hello), 200, "Live v1", "Unpublish…")
}

func TestDiscardAndTakeBack(t *testing.T) {
	t.Parallel()
	s := open(t)
	const hello = "/apps/shop/scripts/hello"
	revision := func() string { return s.input(s.get(hello), "revision") }
	s.sees(s.get(hello+"/versions/2/draft"), 200, "The draft is the same as v2 already.")
	// The editor's form is saved on the way to the question.
	s.goes(s.post(hello+"/draft", form("revision", revision(), "source", "being written", "then", "discard")), hello+"/versions/2/draft")
	page := s.get(hello + "/versions/2/draft")
	s.sees(page, 200, "Discard the changes of hello", "being written", "set aside")
	s.goes(s.post(hello+"/versions/2/draft", form("revision", s.input(page, "revision"))), hello)
	s.sees(s.get(hello), 200, "The draft is as v2 now.", "Your earlier draft was set aside.", "Draft is the same")
	s.sees(s.get(hello+"/versions"), 200, "An earlier draft was set aside", "Take it back")
	s.sees(s.post(hello+"/versions/1/draft", form("revision", s.input(page, "revision"))), 409, "was saved again since")
	s.sees(s.post(hello+"/versions/1/draft", form("revision", "x")), 400, "no revision")
	s.sees(s.get(hello+"/versions/9/draft"), 404)
	s.goes(s.post(hello+"/draft/back", form("revision", revision())), hello)
	page = s.get(hello)
	s.sees(page, 200, "being written", "The draft is what was set aside.")
	if strings.Contains(page.body, "Undo") {
		t.Error("there is something to undo still")
	}
	// Undo in the editor keeps what was typed since.
	s.goes(s.post(hello+"/versions/1/draft", form("revision", revision())), hello)
	s.goes(s.post(hello+"/draft/back", form("revision", revision(), "source", "typed since")), hello)
	s.sees(s.get(hello), 200, "being written")
	s.goes(s.post(hello+"/draft/back", form("revision", revision())), hello)
	s.sees(s.get(hello), 200, "typed since")
	s.sees(s.post(hello+"/draft/back", form("revision", "1", "source", "late")), 409, "Two drafts of hello")
	s.sees(s.post(hello+"/draft/back", form("revision", "1")), 409, "The draft was saved elsewhere")
}

func TestProfile(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sees(s.post("/profile/keys", form("name", "", "access", "write", "expires", "30")), 422, "e-name")
	s.sees(s.post("/profile/keys", form("name", "ci", "access", "own", "expires", "30")), 422, "e-access", `value="ci"`)
	s.sees(s.post("/profile/keys", form("name", "ci", "access", "read", "expires", "0")), 422, "e-expires")
	s.sees(s.post("/profile/keys", form("name", "ci", "access", "read", "app", "nothing")), 422, "e-app")
	s.goes(s.post("/profile/keys", form("name", "ci", "access", "read", "app", "shop", "expires", "30")), "/profile") // a reload makes no second one
	s.sees(s.get("/profile"), 200, "Copy it now", "pic_", "read, Shop")
	if again := s.get("/profile"); strings.Contains(again.body, "Copy it now") {
		t.Error("the key is shown twice")
	}
	keys, err := s.access.ListKeys(t.Context(), s.may(actor.ManageAccount, id.App{}))
	s.must(err)
	s.goes(s.post("/profile/keys/"+keys[0].ID.String()+"/revoke", nil), "/profile")
	s.sees(s.get("/profile"), 200, "The key is revoked.")

	other, err := s.access.SignIn(t.Context(), email, password, access.Client{Address: "192.0.2.9", Agent: "Mozilla/5.0 (X11; Linux) Firefox/150.0"})
	s.must(err)
	s.sees(s.get("/profile"), 200, "Firefox on Linux", "192.0.2.9")
	sessions, err := s.access.ListSessions(t.Context(), s.may(actor.ManageAccount, id.App{}))
	s.must(err)
	for _, session := range sessions {
		if !session.Current {
			s.goes(s.post("/profile/sessions/"+session.ID.String()+"/revoke", nil), "/profile")
		}
	}
	theirs := *s
	theirs.cookie = "picloud_session=" + other.Token
	s.goes(theirs.get("/profile"), "/login?next=%2Fprofile")

	s.sees(s.post("/profile/password", form("current", "wrong", "password", "another long pass phrase")), 422, "not your present password")
	s.sees(s.post("/profile/password", form("current", password, "password", "short")), 422, "e-password")
	old := *s
	changed := s.post("/profile/password", form("current", password, "password", "another long pass phrase"))
	s.goes(changed, "/profile")
	s.goes(old.get("/apps"), "/login?next=%2Fapps")
	s.cookie = changed.cookie()
	s.sees(s.get("/profile"), 200, "The password is changed.")
	sessions, err = s.access.ListSessions(t.Context(), s.may(actor.ManageAccount, id.App{}))
	s.must(err)
	s.goes(s.post("/profile/sessions/"+sessions[0].ID.String()+"/revoke", nil), "/login") // one's own
	s.goes(s.get("/apps"), "/login?next=%2Fapps")
}

func TestSearch(t *testing.T) {
	t.Parallel()
	s := open(t)
	part := s.ask("GET", "/search?q=hel", nil, http.Header{"Hx-Request": {"true"}})
	s.sees(part, 200, `role="option"`, `data-href="/apps/shop/scripts/hello"`)
	if strings.Contains(part.body, "<html") {
		t.Error("htmx gets a whole page")
	}
	s.sees(s.get("/search?q=zzz"), 200, "Nothing is called like")
	s.sees(s.get("/search?q=%ff%00"), 400)
	s.sees(s.get("/search?q="+strings.Repeat("a", 5000)), 200)
}
