// Package fault is the error that people and programs see. A Fault is made where the
// meaning of a failure is known; everything else is wrapped with %w on its way up and
// becomes an internal error at the door, where it is logged and not shown.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of failure it is; the door maps it to an HTTP status.
type Kind uint8

// The kinds, with the status they have over HTTP (RFC 9110, section 15).
const (
	Internal        Kind = iota // 500: ours; the cause is logged, never shown
	Invalid                     // 422: the input breaks a rule; Fields say which
	Malformed                   // 400: the input cannot be read at all
	Unauthenticated             // 401
	Denied                      // 403
	NotFound                    // 404: absent, or not yours to know of
	Conflict                    // 409: somebody else was there first
	TooLarge                    // 413
	TooMany                     // 429
	Unavailable                 // 503: try again later
	NotAllowed                  // 405: the place is there, the method is not
	Unsupported                 // 415: a media type we do not read
	Late                        // 408: the input did not arrive in time
)

// Field is one fault of one input field.
type Field struct {
	Name    string `json:"name"`
	Message string `json:"message"` // names the value and the limit
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Current *int   `json:"current,omitempty"` // the number that is in effect instead
}

// Fault is an error with a text meant for the person who caused it.
type Fault struct {
	Kind   Kind
	Public string        // a sentence for people; no driver text, no path
	Fields []Field       // faults at single fields, in input order
	Wait   time.Duration // when it makes sense to try again; 0: not said
	cause  error
}

// New makes a fault of a kind with a public text.
func New(kind Kind, format string, args ...any) *Fault {
	return &Fault{Kind: kind, Public: fmt.Sprintf(format, args...)}
}

// AtField makes an Invalid fault at one field; the message is the public text too.
func AtField(name, format string, args ...any) *Fault {
	message := fmt.Sprintf(format, args...)
	return &Fault{Kind: Invalid, Public: message, Fields: []Field{{Name: name, Message: message}}}
}

// AtFields makes an Invalid fault of those at several fields, so that all are told at once;
// nil of none.
func AtFields(fields []Field) error {
	switch len(fields) {
	case 0:
		return nil
	case 1:
		return &Fault{Kind: Invalid, Public: fields[0].Message, Fields: fields}
	}
	return &Fault{Kind: Invalid, Public: fmt.Sprintf("%d fields need another look.", len(fields)), Fields: fields}
}

// After says how long to wait before the next try.
func (f *Fault) After(wait time.Duration) *Fault {
	f.Wait = wait
	return f
}

// Because attaches the cause, which is logged and never shown.
func (f *Fault) Because(cause error) *Fault {
	f.cause = cause
	return f
}

// Error is for logs and terminals: the text with those of the fields it only counts, and
// the cause.
func (f *Fault) Error() string {
	text := f.Public
	if len(f.Fields) > 1 {
		for _, field := range f.Fields {
			text += " " + field.Message
		}
	}
	if f.cause != nil {
		text += ": " + f.cause.Error()
	}
	return text
}

func (f *Fault) Unwrap() error { return f.cause }

// Of finds the fault in err's chain; for any other error it makes an Internal one with
// a fixed text and err as its cause.
func Of(err error) *Fault {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return New(Internal, "Something went wrong on our side.").Because(err)
}

// Is tells whether err is a fault of the kind.
func Is(err error, kind Kind) bool {
	f, ok := errors.AsType[*Fault](err)
	return ok && f.Kind == kind
}
