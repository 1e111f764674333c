package handlers_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"picloud/engine/id"
	"picloud/handlers"
	"picloud/handlers/web"
)

// at fills a pattern's places.
func at(pattern, app string) string {
	return strings.NewReplacer("{app}", app, "{script}", "hello", "{version}", "1", "{execution}", id.New[id.Execution]().String(),
		"{session}", id.New[id.Session]().String(), "{key}", id.New[id.Key]().String(), "{token}", "x", "{page}", "attacks", "{name}", "TOKEN", "{$}", "").Replace(pattern)
}

// Every route of the list is asked by nobody, by a key of another app, and by the wrong
// kind of credential.
func TestNoRouteIsOpenByMistake(t *testing.T) {
	t.Parallel()
	in := install(t)
	cookie := in.signIn(t)
	open := 0
	for _, route := range handlers.Routes(handlers.Deps{}) {
		name := route.Method + " " + route.Pattern
		path := at(route.Pattern, "other")
		if route.Access.Kind == web.Open {
			open++
			continue
		}
		answer := in.request(t, route.Method, path, nil, "")
		if answer.status != 401 {
			t.Errorf("%s by nobody: %d", name, answer.status)
		}
		header := http.Header{"Authorization": {"Bearer " + in.keys["write"]}}
		if route.Access.Kind == web.Key {
			header = http.Header{"Cookie": {cookie}}
		}
		if answer := in.request(t, route.Method, path, header, ""); answer.status != 401 {
			t.Errorf("%s by the wrong kind of credential: %d", name, answer.status)
		}
		if route.Access.Kind == web.Key && route.Access.Place != web.Anywhere {
			header := http.Header{"Authorization": {"Bearer " + in.keys["bound"]}, "Content-Type": {"application/json"}}
			foreign := in.request(t, route.Method, path, header, "{}")
			missing := in.request(t, route.Method, at(route.Pattern, "nowhere"), header, "{}")
			absent := "There is no such app."
			if route.Access.Place == web.AtRun {
				absent = "There is no such run;"
			}
			if foreign.status != 404 || missing.status != 404 || !strings.Contains(foreign.body, absent) {
				t.Errorf("%s with a key of another app: %d, %d, %s", name, foreign.status, missing.status, foreign.body)
			}
		}
	}
	if open != 9 {
		t.Errorf("%d routes are open to anyone; the test knows 9: health, readiness, version, static, set-up (2), sign-in (2), sign-out", open)
	}
}

// README has a row for each request of the API.
func TestReadmeListsTheAPI(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range handlers.Routes(handlers.Deps{}) {
		row := "| `" + route.Method + " " + strings.TrimPrefix(route.Pattern, "/api/v1") + "` | "
		if route.Access.Kind == web.Key && !strings.Contains(string(text), row) {
			t.Errorf("README.md has no row that begins with %s", row)
		}
	}
}

// docs/api.md has an example of each of them, which a test runs.
func TestDocsShowTheAPI(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range handlers.Routes(handlers.Deps{}) {
		if route.Access.Kind != web.Key {
			continue
		}
		path := regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(strings.TrimPrefix(route.Pattern, "/api/v1")), `[^/?' ]+`)
		if !regexp.MustCompile(`(?m)^api ` + route.Method + ` '?` + path + `(\?|'|\s)`).Match(text) {
			t.Errorf("docs/api.md has no example of %s %s", route.Method, route.Pattern)
		}
	}
}
