package ingress

import (
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

// refusal is an answer of ours in place of a function's.
type refusal struct {
	status    int
	title     string
	detail    string
	execution string // id of the run it is about, if there was one
	retry     string // seconds
}

// problem is problem details (RFC 9457, section 3.1).
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	Execution string `json:"execution,omitempty"`
}

var page = template.Must(template.New("refusal").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>{{.Title}}</title>
<h1>{{.Title}}</h1>
<p>{{.Detail}}</p>
{{with .Execution}}<p>Execution <code>{{.}}</code></p>
{{end}}</html>
`))

// refuse answers with a small page to who accepts HTML by name, else with a problem.
func refuse(w http.ResponseWriter, r *http.Request, why refusal) {
	h := w.Header()
	h["Cache-Control"] = []string{"no-store"}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	h["Vary"] = []string{"Accept"}
	if why.retry != "" {
		h["Retry-After"] = []string{why.retry}
	}
	if why.execution != "" {
		h["X-Execution-Id"] = []string{why.execution}
	}
	body := problem{Type: "about:blank", Title: why.title, Status: why.status, Detail: why.detail, Execution: why.execution}
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		h["Content-Type"] = []string{"text/html; charset=utf-8"}
		w.WriteHeader(why.status)
		if r.Method != http.MethodHead {
			_ = page.Execute(w, body)
		}
		return
	}
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, why.title, why.status)
		return
	}
	h["Content-Type"] = []string{"application/problem+json"}
	h["Content-Length"] = []string{strconv.Itoa(len(text))}
	w.WriteHeader(why.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text)
	}
}

// printable shortens what a caller sent to something that can stand in a sentence.
func printable(text string) string {
	if len(text) > 100 {
		text = text[:100] + "…"
	}
	return strconv.QuoteToGraphic(text)
}
