// Package static holds the built style sheets and scripts of the dashboard. The sources
// are in src; the program in build bundles them into dist under names that carry a hash
// of their content, so that a browser may keep them for ever. dist is not committed: a
// clone in which the program has not run yet compiles, and says so when asked for a file.
package static

import (
	"embed"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// Prefix is the path below which Assets are served.
const Prefix = "/static/"

// Assets are the built files; safe for concurrent use.
type Assets struct {
	hashed map[string]string // name → name with hash
	files  map[string]*file  // name with hash → content
}

type file struct {
	plain, gzip []byte
	kind        string
}

// Open reads what was built. Without a build it gives Assets that are not Built and no
// error; an error means a build that is damaged.
func Open() (*Assets, error) {
	a := &Assets{hashed: map[string]string{}, files: map[string]*file{}}
	manifest, err := dist.ReadFile("dist/manifest.json")
	if err != nil {
		return a, nil
	}
	if err := json.Unmarshal(manifest, &a.hashed); err != nil {
		return nil, fmt.Errorf("read static manifest: %w", err)
	}
	for _, name := range a.hashed {
		plain, err := dist.ReadFile("dist/" + name)
		if err != nil {
			return nil, fmt.Errorf("read static file %s: %w", name, err)
		}
		f := &file{plain: plain, kind: mime.TypeByExtension(path.Ext(name))}
		if packed, err := dist.ReadFile("dist/" + name + ".gz"); err == nil {
			f.gzip = packed
		}
		a.files[name] = f
	}
	return a, nil
}

// Built tells whether there are any files.
func (a *Assets) Built() bool { return len(a.files) > 0 }

// URL is the address of a file by its source name, as "app.js".
func (a *Assets) URL(name string) string {
	if hashed, ok := a.hashed[name]; ok {
		return Prefix + hashed
	}
	return Prefix + name
}

// ServeHTTP answers GET and HEAD below Prefix, for ever cacheable.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.files[strings.TrimPrefix(r.URL.Path, Prefix)]
	if !ok {
		status, text := http.StatusNotFound, "There is no such file.\n"
		if !a.Built() {
			status, text = http.StatusServiceUnavailable, "The style sheets and scripts are not built yet: run make build.\n"
		}
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, text, status)
		return
	}
	header := w.Header()
	header.Set("Content-Type", f.kind)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Vary", "Accept-Encoding")
	body := f.plain
	if f.gzip != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		body = f.gzip
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the reader went away: nobody to tell
	}
}
