package handlers_test

import (
	"strings"
	"testing"

	"picloud/engine/seal"
	v1 "picloud/handlers/api/v1"
)

func TestAPIVariablesAndSecrets(t *testing.T) {
	t.Parallel()
	in := install(t)
	const (
		app  = "/api/v1/apps/shop"
		own  = hello + "/variables"
		set  = "{·value·:·hush-hush·}"
		blue = "{·value·:·blue·}"
	)
	run(t, in, []step{
		{"script", "PUT " + hello, "", "{·source·:·export default () => 1·}", 201, nil, nil},
		{"none", "GET " + app + "/variables", "read", "", 200, []string{"{·variables·:[]}"}, nil},
		{"no secrets", "GET " + app + "/secrets", "read", "", 200, []string{"{·secrets·:[]}"}, nil},
		{"new", "PUT " + app + "/variables/COLOUR", "", blue, 201, []string{"·name·:·COLOUR·", "·value·:·blue·", "·size·:4", "·set_by·:·owner·", "·used_by·:[]"}, []string{"·script·"}},
		{"again", "PUT " + app + "/variables/COLOUR", "", "{·value·:··}", 200, []string{"·value·:··"}, nil},
		{"a secret", "PUT " + app + "/secrets/TOKEN", "", set, 201, []string{"·name·:·TOKEN·", "·size·:9"}, []string{"hush", "·value·", "used_at", "missing_key"}},
		{"its list", "GET " + app + "/secrets", "read", "", 200, []string{"·name·:·TOKEN·", "·set_at·:"}, []string{"hush", "COLOUR"}},
		{"a script's own", "PUT " + own + "/COLOUR", "", "{·value·:·red·}", 201, []string{"·value·:·red·", "·script·:·hello·"}, nil},
		{"only its own", "GET " + own, "read", "", 200, []string{"·value·:·red·"}, []string{"·value·:··"}},
		{"only the app's", "GET " + app + "/variables", "read", "", 200, []string{"·value·:··"}, []string{"red", "TOKEN"}},
		{"a secret of its own", "PUT " + hello + "/secrets/KEY", "", set, 201, []string{"·script·:·hello·"}, []string{"hush"}},
		{"its list", "GET " + hello + "/secrets", "", "", 200, []string{"KEY"}, []string{"hush", "TOKEN"}},
		{"of the other kind", "PUT " + app + "/variables/TOKEN", "", blue, 409, []string{"·field·:·name·", "is a secret"}, nil},
		{"and back", "PUT " + app + "/secrets/COLOUR", "", blue, 409, []string{"·field·:·name·", "is a variable"}, nil},
		{"no value", "PUT " + app + "/variables/A", "", "{}", 422, []string{"·field·:·value·"}, nil},
		{"no text", "PUT " + app + "/secrets/A", "", "{·value·:1}", 422, []string{"·field·:·value·"}, nil},
		{"another field", "PUT " + app + "/secrets/A", "", "{·value·:··,·secret·:true}", 422, []string{"·field·:·secret·"}, nil},
		{"a bad name", "PUT " + app + "/variables/A-B", "", blue, 422, []string{"·field·:·name·"}, nil},
		{"NUL", "PUT " + app + "/secrets/A", "", "{·value·:·hush\\u0000·}", 422, []string{"·field·:·value·"}, []string{"hush"}},
		{"all escaped", "PUT " + app + "/variables/LONG", "", "{·value·:·" + strings.Repeat("\\u0041", 64<<10) + "·}", 201, []string{"·size·:65536"}, nil},
		{"too long", "PUT " + app + "/secrets/LONGER", "", "{·value·:·" + strings.Repeat("a", 64<<10+1) + "·}", 422, []string{"·field·:·value·"}, []string{"aaa"}},
		{"far too long", "PUT " + app + "/secrets/LONGER", "", "{·value·:·" + strings.Repeat("a", 1<<20) + "·}", 413, nil, []string{"aaa"}},
		{"a parameter", "GET " + app + "/variables?limit=1", "", "", 422, []string{"·field·:·limit·"}, nil},
		{"a reader sets", "PUT " + app + "/variables/A", "read", blue, 403, nil, nil},
		{"a reader deletes", "DELETE " + app + "/secrets/TOKEN", "read", "", 403, nil, nil},
		{"elsewhere", "GET /api/v1/apps/other/secrets", "bound", "", 404, nil, nil},
		{"no script", "GET " + shop + "/nothing/secrets", "", "", 404, nil, nil},
		{"deleted as the other kind", "DELETE " + app + "/variables/TOKEN", "", "", 404, []string{"no variable"}, nil},
		{"deleted of a script", "DELETE " + hello + "/secrets/TOKEN", "", "", 404, []string{"no secret"}, nil},
		{"delete", "DELETE " + app + "/secrets/TOKEN", "", "", 204, nil, nil},
		{"deleted", "DELETE " + app + "/secrets/TOKEN", "", "", 404, nil, nil},
		{"delete the own one", "DELETE " + own + "/COLOUR", "", "", 204, nil, nil},
		{"the app's stays", "GET " + app + "/variables", "", "", 200, []string{"COLOUR"}, nil},
		{"nowhere else", "GET /api/v1/apps/other/variables", "", "", 200, []string{"[]"}, nil},
	})
	if strings.Contains(in.log.String(), "hush") {
		t.Error("the log has a secret")
	}
}

func TestAPIKeyThatIsNotHere(t *testing.T) {
	t.Parallel()
	in := install(t)
	client, ctx := v1.Client{Base: in.url, Key: in.keys["write"]}, t.Context()
	if _, err := client.SetSecret(ctx, "shop", "", "TOKEN", "hush-hush"); err != nil {
		t.Fatal(err)
	}
	_, err := in.pool.Exec(ctx, "UPDATE variables SET used_at = now()")
	must(t, err)
	old := string(in.sealing.Current())
	in.sealing, err = seal.Open(seal.Generate(), "")
	must(t, err)
	in.serve(t)
	client.Base = in.url
	if all, err := client.Secrets(ctx, "shop", ""); err != nil || len(all) != 1 || all[0].MissingKey != old || all[0].UsedAt == nil {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := client.SetSecret(ctx, "shop", "", "OTHER", "x"); err == nil || err.(*v1.Problem).Status != 503 || !strings.Contains(err.Error(), old) {
		t.Errorf("set beside it: %v", err)
	}
	if one, err := client.SetVariable(ctx, "shop", "", "A", "1"); err != nil || one.Value != "1" {
		t.Errorf("%+v, %v", one, err)
	}
	if all, err := client.Variables(ctx, "shop", ""); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	if err := client.DeleteSecret(ctx, "shop", "", "TOKEN"); err != nil {
		t.Error(err)
	}
	if err := client.DeleteVariable(ctx, "shop", "", "A"); err != nil {
		t.Error(err)
	}
	made, err := client.CreateScript(ctx, "shop", v1.NewScript{Name: "pay"})
	must(t, err)
	if one, err := client.SetVariable(ctx, "shop", made.Name, "A", "1"); err != nil || one.Script != "pay" {
		t.Errorf("%+v, %v", one, err)
	}
}
