package sample

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"picloud/static"
)

// Policy is the Content-Security-Policy samples are served under: the product's, with
// this server's one origin.
const Policy = "default-src 'none'; script-src 'nonce-" + Nonce + "' 'strict-dynamic'; style-src 'self' 'nonce-" + Nonce + "'; " +
	"img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; frame-src 'self'; worker-src 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; object-src 'none'"

// Handler serves every sample below /sample/ by its name, the assets, and an index. Live
// streams stay open and silent; a draft is saved, and everything else is not found.
func Handler(assets *static.Assets) http.Handler {
	pages := map[string]Page{}
	for _, p := range Pages(assets) {
		pages[p.Name] = p
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+static.Prefix, assets)
	mux.HandleFunc("GET /sample/{name}", func(w http.ResponseWriter, r *http.Request) {
		p, ok := pages[r.PathValue("name")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", Policy)
		templ.Handler(p.Body, templ.WithStatus(p.Status)).ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /preview/{token}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "sandbox allow-scripts")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><title>Preview</title><h1>Hello</h1>")
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		for _, p := range Pages(assets) {
			fmt.Fprintf(w, "<p><a href='/sample/%s'>%s</a>\n", p.Name, p.Name)
		}
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("builds") { // who builds is never known
			<-r.Context().Done()
			return
		}
		if !strings.HasSuffix(r.URL.Path, "/live") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	return mux
}
