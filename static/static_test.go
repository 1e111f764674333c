package static

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func assets() *Assets {
	return &Assets{
		hashed: map[string]string{"app.js": "app-abc.js"},
		files:  map[string]*file{"app-abc.js": {plain: []byte("plain"), gzip: []byte("packed"), kind: "text/javascript; charset=utf-8"}},
	}
}

func get(a *Assets, path, accept string) *http.Response {
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Accept-Encoding", accept)
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w.Result()
}

func TestServe(t *testing.T) {
	t.Parallel()
	a := assets()
	if url := a.URL("app.js"); url != "/static/app-abc.js" {
		t.Errorf("the address is %s", url)
	}
	plain := get(a, "/static/app-abc.js", "")
	if plain.StatusCode != 200 || plain.ContentLength != 5 || plain.Header.Get("Content-Encoding") != "" {
		t.Errorf("plain: %+v", plain)
	}
	packed := get(a, "/static/app-abc.js", "br, gzip")
	if packed.ContentLength != 6 || packed.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("packed: %+v", packed)
	}
	if cache := packed.Header.Get("Cache-Control"); !strings.Contains(cache, "immutable") {
		t.Errorf("the cache is told %q", cache)
	}
	for _, path := range []string{"/static/app.js", "/static/", "/static/../static.go", "/static/manifest.json"} {
		if answer := get(a, path, ""); answer.StatusCode != 404 {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
}

func TestWithoutABuild(t *testing.T) {
	t.Parallel()
	a := &Assets{}
	if a.Built() || a.URL("app.css") != "/static/app.css" {
		t.Error("there is nothing, and it has an address all the same")
	}
	if answer := get(a, "/static/app.css", ""); answer.StatusCode != 503 {
		t.Errorf("the answer is %s", answer.Status)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	a, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	for name, hashed := range a.hashed {
		if answer := get(a, Prefix+hashed, ""); answer.StatusCode != 200 || answer.Header.Get("Content-Type") == "" {
			t.Errorf("%s: %s %q", name, answer.Status, answer.Header.Get("Content-Type"))
		}
	}
}
