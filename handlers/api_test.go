package handlers_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	v1 "picloud/handlers/api/v1"
)

// step is one request of a scenario and what must come of it. Bodies are written in
// JSON; "·" stands for the double quote.
type step struct {
	name   string
	do     string // "METHOD /path"
	key    string // of the installation: "write" unless told otherwise
	body   string
	status int
	has    []string // parts of the answer
	not    []string
}

func run(t *testing.T, in *installation, steps []step) {
	t.Helper()
	for _, c := range steps {
		method, path, _ := strings.Cut(c.do, " ")
		header := http.Header{}
		if c.body != "" {
			header.Set("Content-Type", "application/json")
		}
		if c.key == "" {
			c.key = "write"
		}
		if key := in.keys[c.key]; key != "" {
			header.Set("Authorization", "Bearer "+key)
		}
		answer := in.request(t, method, path, header, strings.ReplaceAll(c.body, "·", `"`))
		if answer.status != c.status {
			t.Errorf("%s: %s answers %d, want %d: %s", c.name, c.do, answer.status, c.status, answer.body)
		}
		kind := answer.header.Get("Content-Type")
		if want := map[bool]string{true: "application/problem+json", false: "application/json"}[c.status >= 400]; kind != want && c.status != 204 && c.status != 308 {
			t.Errorf("%s: content type %q", c.name, kind)
		}
		for _, part := range c.has {
			if !strings.Contains(answer.body, strings.ReplaceAll(part, "·", `"`)) {
				t.Errorf("%s: the answer lacks %s: %s", c.name, part, answer.body)
			}
		}
		for _, part := range c.not {
			if strings.Contains(answer.body, strings.ReplaceAll(part, "·", `"`)) {
				t.Errorf("%s: the answer has %s: %s", c.name, part, answer.body)
			}
		}
	}
}

const (
	shop  = "/api/v1/apps/shop/scripts"
	hello = shop + "/hello"
)

func TestAPIMainPath(t *testing.T) {
	t.Parallel()
	in := install(t)
	run(t, in, []step{
		{"apps", "GET /api/v1/apps", "", "", 200, []string{"·slug·:·shop·", "·slug·:·other·"}, nil},
		{"new app", "POST /api/v1/apps", "", "{·slug·:·third·,·name·:·Third·}", 201, []string{"·slug·:·third·", "·name·:·Third·"}, nil},
		{"no scripts", "GET " + shop, "", "", 200, []string{"·scripts·:[]"}, nil},
		{"put makes", "PUT " + hello, "", "{·source·:·export default () => 1·,·note·:·first·}", 201, []string{"·version·:1", "·url·:·http://pi.example/fn/shop/hello·", "·language·:·typescript·"}, nil},
		{"put again", "PUT " + hello, "", "{·source·:·export default () => 1·}", 200, []string{"·version·:1", "·unchanged·:true"}, nil},
		{"put publishes", "PUT " + hello, "", "{·source·:·export default () => 2·,·if_version·:1}", 200, []string{"·version·:2"}, nil},
		{"put warns", "PUT " + shop + "/warned", "", "{·source·:·export default () =>\\n Cache(1)·}", 201, []string{"·warnings·:[{·field·:·source·,·message·:·Cache is not in PiCloud 0.x.", "·line·:2,·column·:2}]"}, nil},
		{"warned deleted", "DELETE " + shop + "/warned", "", "", 204, nil, nil},
		{"whole pairs", "PUT " + shop + "/pairs", "", "{·source·:·export default () => '\\ud83d\\ude00 \\\\ud800'·}", 201, []string{"·version·:1"}, nil},
		{"pairs are kept", "GET " + shop + "/pairs", "", "", 200, []string{"'😀 \\\\ud800'"}, nil},
		{"pairs deleted", "DELETE " + shop + "/pairs", "", "", 204, nil, nil},
		{"put stale", "PUT " + hello, "", "{·source·:·export default () => 3·,·if_version·:1}", 409, []string{"version 2", "·field·:·if_version·", "·current·:2"}, nil},
		{"put expecting another", "PUT " + shop + "/new", "", "{·source·:·export default () => 3·,·if_version·:1}", 409, []string{"·field·:·if_version·", "·current·:0"}, nil},
		{"read", "GET " + hello, "", "", 200, []string{"·live_version·:2", "·source·:·export default () =\\u003e 2·"}, nil},
		{"list", "GET " + shop + "?limit=1", "", "", 200, []string{"·name·:·hello·"}, []string{"·source·", "·next·"}},
		{"versions", "GET " + hello + "/versions?limit=1", "", "", 200, []string{"·number·:2", "·next·:·2·", "·live·:true", "·author·:·owner·"}, []string{"·number·:1"}},
		{"older versions", "GET " + hello + "/versions?before=2", "", "", 200, []string{"·number·:1", "·note·:·first·"}, []string{"·number·:2", "·next·"}},
		{"back", "POST " + hello + "/versions/1/live", "", "{·note·:·two was wrong·}", 200, []string{"·live_version·:1"}, nil},
		{"forward without a body", "POST " + hello + "/versions/2/live", "", "", 200, []string{"·live_version·:2"}, nil},
		{"unpublish", "DELETE " + hello + "/live", "", "", 204, nil, nil},
		{"unpublish again", "DELETE " + hello + "/live", "", "", 204, nil, nil},
		{"unpublished", "GET " + hello, "", "", 200, []string{"·live_version·:null"}, []string{"·source·"}},
		{"a reader may not", "DELETE " + hello + "/live", "read", "", 403, nil, nil},
		{"live again", "POST " + hello + "/versions/2/live", "", "", 200, []string{"·live_version·:2"}, nil},
		{"another language by put", "PUT " + hello, "", "{·source·:·export default () => 2·,·language·:·javascript·}", 422, []string{"·field·:·language·", "PATCH"}, nil},
		{"patch", "PATCH " + hello, "", "{·language·:·javascript·}", 200, []string{"·language·:·javascript·", "·capture·:·heads·", "·live_version·:2"}, nil},
		{"patch by a reader", "PATCH " + hello, "read", "{}", 403, nil, nil},
		{"patch nonsense", "PATCH " + hello, "", "{·language·:·cobol·,·capture·:·some·}", 422, []string{"·field·:·language·", "·field·:·capture·"}, nil},
		{"patch to nothing", "PATCH " + hello, "", "{·language·:··}", 422, []string{"·field·:·language·"}, nil},
		{"the same source in it", "PUT " + hello, "", "{·source·:·export default () => 2·}", 200, []string{"·version·:3", "·language·:·javascript·"}, []string{"unchanged"}},
		{"and again", "PUT " + hello, "", "{·source·:·export default () => 2·}", 200, []string{"·version·:3", "·unchanged·:true"}, nil},
		{"no such version", "POST " + hello + "/versions/9/live", "", "", 404, nil, nil},
		{"version of letters", "POST " + hello + "/versions/x/live", "", "", 404, nil, nil},
		{"create", "POST " + shop, "", "{·name·:·second·,·language·:·javascript·}", 201, []string{"·live_version·:null", "·language·:·javascript·"}, nil},
		{"create taken", "POST " + shop, "", "{·name·:·second·}", 409, []string{"·field·:·name·"}, nil},
		{"paged", "GET " + shop + "?limit=1", "", "", 200, []string{"·next·:·hello·"}, nil},
		{"next page", "GET " + shop + "?limit=1&after=hello", "", "", 200, []string{"·name·:·second·"}, []string{"·next·"}},
		{"delete", "DELETE " + shop + "/second", "", "", 204, nil, nil},
		{"deleted", "GET " + shop + "/second", "", "", 404, nil, nil},
		{"an app is not deleted by a reader", "DELETE /api/v1/apps/third", "read", "", 403, nil, nil},
		{"app deleted", "DELETE /api/v1/apps/third", "", "", 204, nil, nil},
		{"app gone", "DELETE /api/v1/apps/third", "", "", 404, nil, nil},
		{"runs", "GET " + hello + "/executions", "", "", 200, []string{"·executions·:[]"}, nil},
		{"runs of the app", "GET /api/v1/apps/shop/executions?limit=2&outcome=error", "", "", 200, []string{"·executions·:[]"}, nil},
		{"no such run", "GET /api/v1/executions/0199b2c0-0000-7000-8000-000000000000", "", "", 404, nil, nil},
	})
}

func TestAPIBadInput(t *testing.T) {
	t.Parallel()
	in := install(t)
	long := strings.Repeat("x", 1<<20+1)
	run(t, in, []step{
		{"build error", "PUT " + hello, "", "{·source·:·export default () => {\\n  let = ;\\n}·}", 422, []string{"·field·:·source·", "·line·:2", "·column·:"}, nil},
		{"nothing made", "GET " + hello, "", "", 404, nil, nil},
		{"unknown field", "PUT " + hello, "", "{·source·:··,·sauce·:1}", 422, []string{"·field·:·sauce·"}, nil},
		{"no source", "PUT " + hello, "", "{·note·:·x·}", 422, []string{"·field·:·source·", "A source is needed."}, nil},
		{"wrong type", "PUT " + hello, "", "{·source·:1}", 422, []string{"·field·:·source·", "number"}, nil},
		{"wrong version type", "PUT " + hello, "", "{·source·:··,·if_version·:·1·}", 422, []string{"·field·:·if_version·"}, nil},
		{"all wrong types", "PUT " + hello, "", "{·source·:1,·note·:[],·sauce·:1}", 422, []string{"·field·:·source·", "·field·:·note·", "·field·:·sauce·"}, nil},
		{"all of a new script", "PUT " + shop + "/Hello", "", "{·source·:·\\u0000·,·language·:·rhai·,·note·:·\\u0007·}", 422, []string{"·field·:·name·", "·field·:·source·", "·field·:·language·", "·field·:·note·"}, nil},
		{"note and source", "PUT " + hello, "", "{·source·:·let = ;·,·note·:·\\u0007·}", 422, []string{"·field·:·source·", "·line·:1", "·field·:·note·"}, nil},
		{"note alone", "PUT " + hello, "", "{·source·:·export default () => 1·,·note·:·\\u0007·}", 422, []string{"·field·:·note·"}, []string{"·field·:·source·"}},
		{"all parameters", "GET " + shop + "?a=1&b=2&limit=1&limit=2", "", "", 422, []string{"·field·:·a·", "·field·:·b·", "·field·:·limit·"}, nil},
		{"all of a list", "GET /api/v1/apps/shop/executions?before=x&outcome=y&limit=z", "", "", 422, []string{"·field·:·before·", "·field·:·outcome·", "·field·:·limit·"}, nil},
		{"not an object", "PUT " + hello, "", "[1]", 400, nil, nil},
		{"not JSON", "PUT " + hello, "", "{", 400, nil, nil},
		{"two values", "PUT " + hello, "", "{·source·:··}{}", 400, nil, nil},
		{"not UTF-8", "PUT " + hello, "", "{·source·:·\xff·}", 400, nil, nil},
		{"NUL", "PUT " + hello, "", "{·source·:·export default () => 1 // \\u0000·}", 422, []string{"·field·:·source·"}, nil},
		{"half a surrogate pair", "PUT " + hello, "", "{·source·:·export default () => '\\ud800x'·}", 422, []string{"·field·:·source·", "surrogate"}, nil},
		{"the other half", "PUT " + hello, "", "{·note·:·\\\\\\udc00\\ud83d·,·source·:··}", 422, []string{"·field·:·note·", "surrogate"}, nil},
		{"half before a whole pair", "POST /api/v1/apps", "", "{·slug·:·\\uD83D\\ud83d\\ude00·}", 422, []string{"·field·:·slug·", "surrogate"}, nil},
		{"large source", "PUT " + hello, "", "{·source·:·" + long + "·}", 422, []string{"·field·:·source·"}, nil},
		{"large body", "PUT " + hello, "", "{·source·:·" + strings.Repeat(long, 7) + "·}", 413, nil, nil},
		{"large body of a small route", "POST /api/v1/apps", "", "{·slug·:·" + strings.Repeat("x", 65<<10) + "·}", 413, nil, nil},
		{"capital name", "PUT " + shop + "/Hello", "", "{·source·:··}", 422, []string{"·field·:·name·"}, nil},
		{"long name", "POST " + shop, "", "{·name·:·" + strings.Repeat("a", 64) + "·}", 422, []string{"·field·:·name·", "64"}, nil},
		{"dots", "POST " + shop, "", "{·name·:·..·}", 422, []string{"·field·:·name·"}, nil},
		{"reserved word", "POST /api/v1/apps", "", "{·slug·:·api·,·name·:·x·}", 422, []string{"·field·:·slug·", "reserved"}, nil},
		{"taken slug", "POST /api/v1/apps", "", "{·slug·:·shop·}", 409, []string{"·field·:·slug·"}, nil},
		{"bad language", "POST " + shop, "", "{·name·:·x·,·language·:·rhai·}", 422, []string{"·field·:·language·"}, nil},
		{"note too long", "PUT " + hello, "", "{·source·:··,·note·:·" + long[:600] + "·}", 422, []string{"·field·:·note·"}, nil},
		{"bad limit", "GET " + shop + "?limit=0", "", "", 422, []string{"·field·:·limit·"}, nil},
		{"huge limit", "GET " + shop + "?limit=100000", "", "", 422, []string{"·field·:·limit·"}, nil},
		{"unknown parameter", "GET " + shop + "?offset=3", "", "", 422, []string{"·field·:·offset·"}, nil},
		{"parameter twice", "GET " + shop + "?limit=1&limit=2", "", "", 422, []string{"·field·:·limit·"}, nil},
		{"NUL in a parameter", "GET " + shop + "?after=%00", "", "", 400, nil, nil},
		{"NUL in the path", "GET " + shop + "/a%00b", "", "", 400, nil, nil},
		{"broken UTF-8 in the path", "GET " + shop + "/%ff", "", "", 400, nil, nil},
		{"bad before", "GET /api/v1/apps/shop/executions?before=x", "", "", 422, []string{"·field·:·before·"}, nil},
		{"bad outcome", "GET /api/v1/apps/shop/executions?outcome=fine", "", "", 422, []string{"·field·:·outcome·"}, nil},
		{"bad run id", "GET /api/v1/executions/x", "", "", 404, nil, nil},
		{"no app", "GET /api/v1/apps/nowhere/scripts", "", "", 404, nil, nil},
		{"no script", "GET " + shop + "/nothing", "", "", 404, nil, nil},
		{"no place", "GET /api/v1/nothing", "", "", 404, nil, nil},
		{"wrong method", "DELETE /api/v1/apps", "", "", 405, []string{"GET, HEAD, POST"}, nil},
	})
	answer := in.request(t, "PUT", hello, http.Header{"Authorization": {"Bearer " + in.keys["write"]}, "Content-Type": {"text/plain"}}, "{}")
	if answer.status != 415 {
		t.Errorf("text/plain: %d", answer.status)
	}
}

func TestAPIAccess(t *testing.T) {
	t.Parallel()
	in := install(t)
	run(t, in, []step{
		{"made by the owner's key", "PUT " + hello, "", "{·source·:·export default () => 1·}", 201, nil, nil},
		{"no key", "GET /api/v1/apps", "none", "", 401, []string{"key is missing"}, nil},
		{"unknown key", "GET /api/v1/apps", "unknown", "", 401, []string{"·detail·:·This key is not valid.·"}, nil},
		{"revoked key", "GET /api/v1/apps", "revoked", "", 401, []string{"·detail·:·This key is not valid.·"}, nil},
		{"expired key", "GET /api/v1/apps", "expired", "", 401, []string{"·detail·:·This key is not valid.·"}, nil},
		{"read key reads", "GET " + hello, "read", "", 200, nil, nil},
		{"read key writes", "PUT " + hello, "read", "{·source·:··}", 403, nil, nil},
		{"read key deletes", "DELETE " + hello, "read", "", 403, nil, nil},
		{"read key makes live", "POST " + hello + "/versions/1/live", "read", "", 403, nil, nil},
		{"read key makes an app", "POST /api/v1/apps", "read", "{·slug·:·x·}", 403, nil, nil},
		{"bound key in its app", "PUT " + hello, "bound", "{·source·:·export default () => 2·}", 200, nil, nil},
		{"bound key lists", "GET /api/v1/apps", "bound", "", 200, []string{"·slug·:·shop·"}, []string{"·slug·:·other·"}},
		{"bound key elsewhere", "GET /api/v1/apps/other/scripts", "bound", "", 404, []string{"There is no such app."}, nil},
		{"bound key nowhere", "GET /api/v1/apps/nowhere/scripts", "bound", "", 404, []string{"There is no such app."}, nil},
		{"bound key writes elsewhere", "PUT /api/v1/apps/other/scripts/x", "bound", "{·source·:··}", 404, nil, nil},
		{"bound key makes an app", "POST /api/v1/apps", "bound", "{·slug·:·x·}", 403, nil, nil},
	})
	cookie := in.signIn(t)
	if answer := in.request(t, "GET", "/api/v1/apps", http.Header{"Cookie": {cookie}}, ""); answer.status != 401 {
		t.Errorf("a session is let into the API: %d", answer.status)
	}
	if answer := in.request(t, "GET", "/api/v1/apps", nil, ""); answer.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("WWW-Authenticate %q", answer.header.Get("WWW-Authenticate"))
	}
}

// A body that ends before its end is its sender's doing and not a database that is away.
func TestBodyThatIsCutShort(t *testing.T) {
	t.Parallel()
	in := install(t)
	connection, err := net.Dial("tcp", strings.TrimPrefix(in.url, "http://"))
	must(t, err)
	defer connection.Close()
	_, err = fmt.Fprintf(connection, "POST /api/v1/apps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", in.keys["write"])
	must(t, err)
	must(t, connection.(*net.TCPConn).CloseWrite())
	answer, err := io.ReadAll(connection)
	must(t, err)
	if text := string(answer); !strings.HasPrefix(text, "HTTP/1.1 400") || !strings.Contains(text, "did not arrive to its end") {
		t.Errorf("%s", text)
	}
}

func TestAPIFollowsRenames(t *testing.T) {
	t.Parallel()
	in := install(t)
	client := v1.Client{Base: in.url, Key: in.keys["write"]}
	ctx := t.Context()
	first, err := client.Publish(ctx, "shop", "hello", v1.PutScript{Source: new("export default () => 1")})
	if err != nil || first.Version != 1 {
		t.Fatalf("%+v, %v", first, err)
	}
	in.rename(t, "shop", "store", "hello", "greet")
	found, err := client.Script(ctx, "shop", "hello")
	if err != nil || found.Name != "greet" || found.App != "store" {
		t.Errorf("%+v, %v", found, err)
	}
	if live, err := client.MakeLive(ctx, "shop", "hello", 1, ""); err != nil || live.Name != "greet" || live.LiveVersion == nil || *live.LiveVersion != 1 {
		t.Errorf("make live under the old names: %+v, %v", live, err)
	}
	if _, err := client.Publish(ctx, "store", "greet", v1.PutScript{Source: new("export default () => 2"), Language: "javascript"}); err == nil || err.(*v1.Problem).Status != 422 || !strings.Contains(err.Error(), "language") {
		t.Errorf("another language: %v", err)
	}
	versions, err := client.Versions(ctx, "store", "greet", 0, 0)
	if err != nil || len(versions.Versions) != 1 {
		t.Errorf("%+v, %v", versions, err)
	}
	_, err = client.Publish(ctx, "store", "greet", v1.PutScript{Source: new("let = ;")})
	if problem, ok := err.(*v1.Problem); !ok || problem.Status != 422 || !strings.Contains(err.Error(), "source:1:") {
		t.Errorf("a build error by the client: %v", err)
	}
	if err := client.DeleteScript(ctx, "store", "greet"); err != nil {
		t.Error(err)
	}
	if made, err := client.CreateScript(ctx, "store", v1.NewScript{Name: "next"}); err != nil || made.LiveVersion != nil {
		t.Errorf("%+v, %v", made, err)
	}
	if list, err := client.Scripts(ctx, "store", "", 10); err != nil || len(list.Scripts) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if app, err := client.CreateApp(ctx, v1.NewApp{Slug: "more"}); err != nil || app.Name != "more" {
		t.Errorf("%+v, %v", app, err)
	}
	if apps, err := client.Apps(ctx); err != nil || len(apps) != 3 {
		t.Errorf("%+v, %v", apps, err)
	}
	if runs, err := client.Executions(ctx, "store", v1.Runs{Script: "next", Outcome: "ok", Limit: 5}); err != nil || len(runs.Executions) != 0 {
		t.Errorf("%+v, %v", runs, err)
	}
	if build, err := client.Version(ctx); err != nil || build.Version != "test" {
		t.Errorf("%+v, %v", build, err)
	}
}
