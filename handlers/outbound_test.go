package handlers_test

import (
	"slices"
	"strings"
	"testing"

	v1 "picloud/handlers/api/v1"
)

func TestAPIOutbound(t *testing.T) {
	t.Parallel()
	in := install(t)
	const shop, other = "/api/v1/apps/shop/outbound", "/api/v1/apps/other/outbound"
	run(t, in, []step{
		{"nobody has set it", "GET " + shop, "read", "", 200, []string{"{·mode·:·open·,·hosts·:[],·networks·:[]}"}, nil},
		{"set", "PUT " + shop, "", "{·mode·:·listed·,·hosts·:[·example.com·,·*.example.org·],·networks·:[·192.168.1.20:8123·]}", 200, []string{"·mode·:·listed·", "·hosts·:[·example.com·,·*.example.org·]", "·networks·:[·192.168.1.20:8123·]", "·set_by·:·owner·", "·set_at·:"}, []string{"seen"}},
		{"is kept", "GET " + shop, "bound", "", 200, []string{"·hosts·:[·example.com·"}, nil},
		{"nowhere else", "GET " + other, "", "", 200, []string{"·mode·:·open·"}, []string{"example"}},
		{"what is left out is empty", "PUT " + shop, "", "{·mode·:·learn·}", 200, []string{"·mode·:·learn·", "·hosts·:[]", "·networks·:[]", "·seen·:[]"}, nil},
		{"all faults", "PUT " + shop, "", "{·mode·:·all·,·hosts·:[·https://a.example/·,·b.example·],·networks·:[·10.0.0.1/8·,·127.0.0.1·]}", 422, []string{
			"·field·:·mode·", "\\·all\\· is no mode", "·field·:·hosts·", "https://a.example/", "·field·:·networks·", "write 10.0.0.0/8", "127.0.0.1:3000",
		}, []string{"b.example"}},
		{"one entry again and again", "PUT " + shop, "", "{·mode·:·open·,·networks·:[" + strings.TrimSuffix(strings.Repeat("·x.example·,", 49), ",") + "]}", 200, []string{"·networks·:[·x.example·]"}, nil},
		{"no mode", "PUT " + shop, "", "{}", 422, []string{"·field·:·mode·"}, nil},
		{"no list", "PUT " + shop, "", "{·mode·:·open·,·hosts·:·a.example·}", 422, []string{"·field·:·hosts·"}, nil},
		{"another field", "PUT " + shop, "", "{·mode·:·open·,·ports·:[]}", 422, []string{"·field·:·ports·"}, nil},
		{"far too long", "PUT " + shop, "", "{·mode·:·" + strings.Repeat("a", 200<<10) + "·}", 413, nil, nil},
		{"a parameter", "GET " + shop + "?limit=1", "", "", 422, []string{"·field·:·limit·"}, nil},
		{"a reader sets", "PUT " + shop, "read", "{·mode·:·open·}", 403, []string{"only read"}, nil},
		{"a key of the app alone sets", "PUT " + shop, "bound", "{·mode·:·open·}", 403, []string{"bound to one app"}, nil},
		{"a key of another app", "GET " + other, "bound", "", 404, nil, nil},
		{"none of it changed anything", "GET " + shop, "", "", 200, []string{"·mode·:·open·", "·networks·:[·x.example·]"}, nil},
	})
}

func TestAPITellsWhatWasLearnt(t *testing.T) {
	t.Parallel()
	in := install(t)
	client, ctx := v1.Client{Base: in.url, Key: in.keys["write"]}, t.Context()
	made, err := client.CreateScript(ctx, "shop", v1.NewScript{Name: "pay"})
	must(t, err)
	now, err := client.SetOutbound(ctx, "shop", v1.PutOutbound{Mode: "learn", Networks: []string{"nas.local"}})
	if err != nil || now.Seen == nil || len(now.Seen) > 0 || !slices.Equal(now.Networks, []string{"nas.local"}) || now.SetAt == nil {
		t.Errorf("%+v, %v", now, err)
	}
	_, err = in.pool.Exec(ctx, "INSERT INTO outbound_seen (app_id, script_id, host) SELECT app_id, id, 'api.example.com' FROM scripts WHERE name = $1", made.Name)
	must(t, err)
	now, err = client.Outbound(ctx, "shop")
	if err != nil || len(now.Seen) != 1 || now.Seen[0].Script != "pay" || now.Seen[0].Host != "api.example.com" || now.Seen[0].FirstAt.IsZero() || now.Seen[0].LastAt.IsZero() {
		t.Errorf("%+v, %v", now, err)
	}
	if now, err = client.SetOutbound(ctx, "shop", v1.PutOutbound{Mode: "open"}); err != nil || now.Seen != nil {
		t.Errorf("%+v, %v", now, err)
	}
}
