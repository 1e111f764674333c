package execution

import (
	"bytes"
	"encoding/binary"
	"strings"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution/redact"
	"picloud/engine/id"
)

// Identity is who a run is: whose code it runs, what brought it about and what it is about.
// It is a part of all that is told of a run: its slot in the journal, its record, its live
// events, its row.
type Identity struct {
	Execution  id.Execution   `json:"execution,omitzero"`
	App        id.App         `json:"app,omitzero"`
	Script     id.Script      `json:"script,omitzero"`
	ScriptName string         `json:"scriptName,omitempty"` // as it was
	Version    int            `json:"version,omitempty"`    // 0: the draft
	Cause      call.Cause     `json:"cause,omitzero"`
	Event      call.EventKind `json:"event,omitempty"`
	Subject    string         `json:"subject,omitempty"` // what the event is in short; of an HTTP request method, path and query
	Started    time.Time      `json:"started,omitzero"`
}

// IdentityOf is the identity of a call that began at a time. The query of an HTTP request is
// kept where the policy keeps something of messages, its secrets replaced by [redact.Mark]. So are
// those secrets that are known by their text.
func IdentityOf(c *call.Call, policy Policy, secrets *redact.Values, started time.Time) Identity {
	return Identity{
		Execution: c.Execution, App: c.Script.App, Script: c.Script.ID, ScriptName: c.Script.Name, Version: c.Script.Version,
		Cause: c.Cause, Event: c.Event.Kind(), Subject: subjectOf(c.Event.Request, policy, secrets), Started: started,
	}
}

func subjectOf(r *call.Request, policy Policy, secrets *redact.Values) string {
	subject := secrets.Clean(call.Event{Request: r}.Subject())
	_, query, found := strings.Cut(r.URL, "?")
	if !found || !policy.keeps() {
		return subject
	}
	return string(redact.AppendQuery(append([]byte(subject), '?'), secrets.CleanCut(Cut(query, maxSubject))))
}

// HTTP are method and path of a run that is about an HTTP request; of others both are empty.
func (i *Identity) HTTP() (method, path string) {
	if i.Event != call.Fetch {
		return "", ""
	}
	method, path, _ = strings.Cut(i.Subject, " ")
	path, _, _ = strings.Cut(path, "?")
	return method, path
}

// About is the subject where the method of an HTTP request stands apart: path and query.
func (i *Identity) About() string {
	method, _ := i.HTTP()
	return strings.TrimPrefix(i.Subject, method+" ")
}

// The encoding of an identity, in big-endian byte order as COPY wants it:
//
//	execution, app, script 16 each · started (µs since 2000) u64 · script version u32 · depth, attempt u16
//	root, parent 16 each
//	script name, cause, source, event, subject: length u16, text
//
// The subject is last, so that it can be cut to what room there is.
const identityFixed = 3*16 + 8 + 4 + 2*2 + 2*16

// AppendIdentity encodes an identity behind dst in at most so many bytes, of which there must
// be 512 at least; what is too long is cut. It allocates nothing but room in dst.
func AppendIdentity(dst []byte, i *Identity, most int) []byte {
	end := len(dst) + most
	dst = append(append(append(dst, i.Execution[:]...), i.App[:]...), i.Script[:]...)
	dst = binary.BigEndian.AppendUint64(dst, micros(i.Started))
	dst = binary.BigEndian.AppendUint32(dst, uint32(i.Version))
	dst = binary.BigEndian.AppendUint16(dst, uint16(i.Cause.Depth))
	dst = binary.BigEndian.AppendUint16(dst, uint16(i.Cause.Attempt))
	dst = append(append(dst, i.Cause.Root[:]...), i.Cause.Parent[:]...)
	dst = appendText(dst, i.ScriptName, maxName)
	dst = appendText(dst, string(i.Cause.Kind), maxWord)
	dst = appendText(dst, i.Cause.Source, maxName)
	dst = appendText(dst, string(i.Event), maxWord)
	return appendText(dst, i.Subject, min(maxSubject, end-len(dst)-2))
}

// DecodeIdentity reads what AppendIdentity wrote; what follows it is left.
func DecodeIdentity(data []byte) (i Identity, rest []byte, err error) {
	r := reader{rest: data}
	v := r.identity()
	if r.failed {
		return Identity{}, nil, errRecord
	}
	return v.identity(), r.rest, nil
}

// IdentityView is an encoded identity taken apart; its texts lie in the encoding.
type IdentityView struct {
	Execution                                id.Execution
	App                                      id.App
	Script                                   id.Script
	Started                                  int64 // microseconds since 2000
	Version                                  uint32
	Depth, Attempt                           uint16
	Root, Parent                             id.Execution
	ScriptName, Kind, Source, Event, Subject []byte
}

// HTTP is as [Identity.HTTP]; nil: there is none.
func (v *IdentityView) HTTP() (method, path []byte) {
	if string(v.Event) != string(call.Fetch) {
		return nil, nil
	}
	method, path, _ = bytes.Cut(v.Subject, []byte(" "))
	path, _, _ = bytes.Cut(path, []byte("?"))
	return method, path
}

func (v *IdentityView) identity() Identity {
	return Identity{
		Execution: v.Execution, App: v.App, Script: v.Script, ScriptName: string(v.ScriptName), Version: int(v.Version),
		Cause: call.Cause{
			Kind: call.Kind(v.Kind), Root: v.Root, Parent: v.Parent, Depth: int(v.Depth), Attempt: int(v.Attempt), Source: string(v.Source),
		},
		Event: call.EventKind(v.Event), Subject: string(v.Subject), Started: FromMicros(v.Started),
	}
}

func (r *reader) identity() (v IdentityView) {
	r.ids(&v)
	v.Started, v.Version = int64(r.uint64()), r.uint32()
	v.Depth, v.Attempt = r.uint16(), r.uint16()
	copy(v.Root[:], r.take(16))
	copy(v.Parent[:], r.take(16))
	for _, text := range [...]*[]byte{&v.ScriptName, &v.Kind, &v.Source, &v.Event, &v.Subject} {
		*text = r.text(int(r.uint16()))
	}
	return v
}

func (r *reader) ids(v *IdentityView) {
	copy(v.Execution[:], r.take(16))
	copy(v.App[:], r.take(16))
	copy(v.Script[:], r.take(16))
}
