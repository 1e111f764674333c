package dashboard

import (
	"container/list"
	"crypto/rand"
	"net/http"
	"strconv"
	"sync"
	"time"

	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/handlers/web"
)

// Bounds of what is kept for previews. Over them the oldest goes.
const (
	previewTime  = 5 * time.Minute
	previewCount = 64
	previewBytes = 32 << 20
)

// previews keeps the bodies of draft answers for the frame that shows them. What is in
// it is lost with the process.
type previews struct {
	now func() time.Time

	mu      sync.Mutex
	byToken map[string]*list.Element
	oldest  *list.List // of *preview, the oldest first
	bytes   int
}

type preview struct {
	token   string
	session id.Session
	kind    string // media type
	body    []byte
	until   time.Time
}

func newPreviews(now func() time.Time) *previews {
	return &previews{now: now, byToken: map[string]*list.Element{}, oldest: list.New()}
}

// keep gives the token under which the session, and nobody else, finds the body.
func (p *previews) keep(session id.Session, kind string, body []byte) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := &preview{token: rand.Text(), session: session, kind: kind, body: body, until: p.now().Add(previewTime)}
	p.byToken[kept.token] = p.oldest.PushBack(kept)
	p.bytes += len(body)
	for p.oldest.Len() > previewCount || p.bytes > previewBytes || p.oldest.Front().Value.(*preview).until.Before(p.now()) {
		p.drop(p.oldest.Front())
	}
	return kept.token
}

func (p *previews) drop(element *list.Element) {
	gone := p.oldest.Remove(element).(*preview)
	delete(p.byToken, gone.token)
	p.bytes -= len(gone.body)
}

func (p *previews) find(token string, session id.Session) (*preview, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	element, ok := p.byToken[token]
	if !ok {
		return nil, false
	}
	found := element.Value.(*preview)
	if found.until.Before(p.now()) {
		p.drop(element)
		return nil, false
	}
	return found, found.session == session
}

// previewPolicy gives the page an origin of its own, as the function's public address
// does on the shared host; only our pages may frame it.
const previewPolicy = "sandbox allow-scripts; frame-ancestors 'self'"

// Preview is the body of an answer, for a sandboxed frame.
func (d *Dashboard) Preview(w http.ResponseWriter, r *http.Request) error {
	kept, ok := d.previews.find(r.PathValue("token"), web.Of(r).Actor.Session)
	if !ok {
		return fault.New(fault.NotFound, "This preview is no longer kept. Run the draft again.")
	}
	h := w.Header()
	h.Set("Content-Security-Policy", previewPolicy)
	h.Set("Content-Type", kept.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(kept.body)))
	_, _ = w.Write(kept.body) // the reader went away: nobody to tell
	return nil
}
