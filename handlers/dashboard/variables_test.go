package dashboard_test

import (
	"strings"
	"testing"

	"picloud/engine/actor"
	"picloud/engine/id"
)

const (
	values  = "/apps/shop/variables"
	ofHello = "/apps/shop/scripts/hello/variables"
	hush    = "hush-hush-7"
)

// hides fails when a page has the value of a secret.
func (s *site) hides(a answer, secret string) {
	s.t.Helper()
	if strings.Contains(a.body, secret) {
		s.t.Errorf("the page shows the secret: %s", short(a.body))
	}
}

func TestVariablesPage(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sees(s.get(values), 200, "Nothing is set yet", "(request, env) =&gt; env.GREETING", "import { env } from &#34;picloud&#34;", "hello only")
	s.sees(s.get(ofHello), 200, "Neither the app nor hello has a value", "Add one of its own")
	s.goes(s.post(values, form("name", " GREETING ", "value", "Hello\r\nWorld", "kind", "variable", "script", "")), values)
	s.sees(s.get(values), 200, "GREETING is set.", "<code>Hello</code>", "all 11 B")
	s.goes(s.post(values, form("name", "TOKEN", "value", hush, "kind", "secret", "script", "")), values)
	s.goes(s.post(values, form("name", "GREETING", "value", "Hi", "kind", "variable", "script", "hello")), values)
	page := s.get(values)
	s.sees(page, 200, "••••••", "11 B", "never", `href="`+ofHello+`/GREETING"`, "Delete TOKEN…", "Change GREETING of hello")
	s.hides(page, hush)
	own := s.get(ofHello)
	s.sees(own, 200, "<code>Hi</code>", "itself", "TOKEN", `href="`+values+`/TOKEN"`)
	if strings.Contains(own.body, "<code>Hello</code>") {
		t.Error("a script is said to get what its own value takes the place of")
	}
	s.sees(s.get("/apps/shop/scripts/hello/settings"), 200, "Values of its own", ofHello)
	s.sees(s.get("/apps/shop/scripts/hello"), 200, `data-env="[{&#34;name&#34;:&#34;GREETING&#34;},{&#34;name&#34;:&#34;TOKEN&#34;,&#34;secret&#34;:true}]"`)
	s.sees(s.get("/search?q=secrets"), 200, "Variables of Shop")
	if header := page.header.Get("Cache-Control"); header != "no-store" {
		t.Errorf("Cache-Control %q", header)
	}
}

func TestVariablesThatAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sees(s.post(values, form("name", "A-B", "value", "kept", "kind", "variable")), 422, `value="A-B"`, "\nkept</textarea>", "e-name")
	page := s.post(values, form("name", "1A", "value", hush, "kind", "secret", "script", "hello"))
	s.sees(page, 422, `value="secret" checked`, `value="hello" selected`, "begins with a digit")
	s.hides(page, hush)
	s.sees(s.post(values, form("name", "A", "value", "1", "script", "nowhere")), 422, "has no script", "e-script")
	s.sees(s.post(values, form("name", "A", "value", "a\x00")), 422, "NUL")
	s.sees(s.post(values, form("name", "A", "value", strings.Repeat("a", 64<<10+1))), 422, "the limit is 65536")
	s.sees(s.post(values, form("name", "A", "value", strings.Repeat("a", 1<<20))), 413)
	s.goes(s.post(values, form("name", "A", "value", strings.Repeat("\r\n", 64<<10))), values)
	page = s.post(values, form("name", "A", "value", hush, "kind", "secret"))
	s.sees(page, 409, "There is a variable A already")
	s.hides(page, hush)
	s.sees(s.get(values+"/NOTHING"), 404)
	s.sees(s.get(ofHello+"/A"), 404)
	s.sees(s.post(values+"/NOTHING/delete", form("kind", "secret")), 404)
}

func TestChangeAndDeleteVariable(t *testing.T) {
	t.Parallel()
	s := open(t)
	a, _ := s.find("shop", "hello")
	s.publish(a.ID, "reads", "export default (request, env) => env.TOKEN;\n")
	_, err := s.pool.Exec(t.Context(), "UPDATE script_versions SET env_names = '{TOKEN}' WHERE script_id = (SELECT id FROM scripts WHERE name = 'reads')")
	s.must(err)
	s.goes(s.post(values, form("name", "TOKEN", "value", hush, "kind", "secret")), values)
	s.goes(s.post(values, form("name", "LONG", "value", strings.Repeat("word ", 100)+"end", "kind", "variable")), values)
	page := s.get(values + "/TOKEN")
	s.sees(page, 200, "New value", "1 live script reads it", `href="/apps/shop/scripts/reads"`, "Delete TOKEN")
	s.hides(page, hush)
	s.sees(s.get(values+"/LONG"), 200, "word end</textarea>", "Nothing that is live names it")
	page = s.post(values+"/TOKEN", form("kind", "secret", "value", ""))
	s.sees(page, 422, "Type the new value", "e-value")
	page = s.post(values+"/TOKEN", form("kind", "secret", "value", hush+"\x00"))
	s.sees(page, 422, "NUL")
	s.hides(page, hush)
	s.sees(s.post(values+"/LONG", form("kind", "variable", "value", "typed\x00")), 422, "\ntyped", "NUL")
	s.sees(s.post(values+"/TOKEN", form("kind", "variable", "value", "x")), 409, "is a secret")
	s.goes(s.post(values+"/TOKEN", form("kind", "secret", "value", "other-hush")), values)
	s.sees(s.get(values), 200, "TOKEN is changed.", "10 B")
	s.goes(s.post(values+"/LONG", form("kind", "variable", "value", "short")), values)
	s.sees(s.get(values), 200, "<code>short</code>")
	s.sees(s.post(values+"/TOKEN/delete", form("kind", "variable")), 404)
	s.goes(s.post(values+"/TOKEN/delete", form("kind", "secret")), values)
	s.sees(s.get(values), 200, "TOKEN is deleted.")
	s.goes(s.post(ofHello, form("name", "LONG", "value", "own", "kind", "variable")), ofHello)
	s.sees(s.get(ofHello+"/LONG"), 200, "only for hello", "gets the app's value")
	s.goes(s.post(ofHello+"/LONG/delete", form("kind", "variable")), ofHello)
	s.sees(s.get(ofHello), 200, "<code>short</code>")
}

func TestPasteOfAnEnvFile(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.goes(s.post(values, form("name", "SAME", "value", "1", "kind", "variable")), values)
	s.goes(s.post(values, form("name", "OTHER", "value", "1", "kind", "variable")), values)
	s.goes(s.post(values, form("name", "KNOWN", "value", hush, "kind", "secret")), values)
	s.sees(s.get(values+"/env-file"), 200, "Paste a .env file", "for the whole app")
	page := s.post(values+"/env-file", form("text", "A=1\nnothing\nB='\n"))
	s.sees(page, 422, "Line 2: there is no", "Line 3: the &#39;", "nothing\nB=", "e-text")
	s.sees(s.post(values+"/env-file", form("text", "# nothing")), 422, "no NAME=value")

	text := "SAME=1\nOTHER=2\nKNOWN=" + hush + "\nAPI_KEY=" + hush + "\nCOLOUR=\"deep\\nblue\"\n"
	page = s.post(values+"/env-file", form("text", strings.ReplaceAll(text, "\n", "\r\n")))
	s.sees(page, 200, "2 are new; 1 is changed; 1 is set again", `value="API_KEY" checked`, `name="secret" value="COLOUR" aria`, "<code>deep</code>", "Set 5 values")
	_, main, _ := strings.Cut(page.body, "<table>")
	if strings.Contains(main, hush) {
		t.Error("the preview shows a secret")
	}
	s.sees(s.get(values), 200, "SAME")
	if strings.Contains(s.get(values).body, "COLOUR") {
		t.Error("the preview has set something")
	}
	s.goes(s.post(values+"/env-file/apply", form("text", text, "secret", "API_KEY")), values)
	page = s.get(values)
	s.sees(page, 200, "4 values are set.", "API_KEY", "<code>deep</code>", "<code>2</code>")
	s.hides(page, hush)
	app, _ := s.find("shop", "hello")
	if one, err := s.variables.Get(t.Context(), s.may(actor.ReadApp, app.ID), id.Script{}, "API_KEY"); err != nil || !one.Secret {
		t.Errorf("%+v, %v", one, err)
	}
	s.goes(s.post(values+"/env-file/apply", form("text", "SAME=1")), values)
	s.sees(s.get(values), 200, "All of it was set already.")
	s.goes(s.post(ofHello+"/env-file/apply", form("text", "SAME=own")), ofHello)
	s.sees(s.get(ofHello), 200, "1 value is set.", "<code>own</code>")

	var full strings.Builder
	for i := range 16 {
		full.WriteString("BIG" + strings.Repeat("_", i) + "=" + strings.Repeat("a", 65500) + "\n")
	}
	s.goes(s.post(values+"/env-file/apply", form("text", full.String())), values)
	s.sees(s.post(values+"/env-file/apply", form("text", "ONE_MORE="+strings.Repeat("a", 60000))), 422, "What changes", "the limit is 1048576")
}

func TestSecretWithoutItsKey(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.goes(s.post(values, form("name", "TOKEN", "value", hush, "kind", "secret")), values)
	_, err := s.pool.Exec(t.Context(), "UPDATE variables SET key_id = 'gone'")
	s.must(err)
	s.sees(s.get(values), 200, `The key <span class="mono">gone</span> is not here`, "Its key gone is not here.")
	s.sees(s.get(values+"/TOKEN"), 200, `the key <span class="mono">gone</span>, which is not here`)
	page := s.post(values, form("name", "OTHER", "value", hush, "kind", "secret"))
	s.sees(page, 503, "sealed with key gone", `value="OTHER"`)
	s.hides(page, hush)
	s.sees(s.post(values+"/TOKEN", form("kind", "secret", "value", "x")), 503, "sealed with key gone", "New value")
	s.sees(s.post(values+"/env-file/apply", form("text", "A=1\nB=2", "secret", "B")), 503, "sealed with key gone", "What changes")
	s.goes(s.post(values+"/TOKEN/delete", form("kind", "secret")), values)
}
