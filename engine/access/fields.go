package access

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"picloud/engine/fault"
)

// fields gathers the faults of one form, so that all are told at once.
type fields []fault.Field

func (f *fields) add(name, message string) {
	if message != "" {
		*f = append(*f, fault.Field{Name: name, Message: message})
	}
}

func (f fields) err() error { return fault.AtFields(f) }

const (
	maxEmail = 254 // RFC 5321, section 4.5.3.1.3, less the angle brackets
	maxLocal = 64  // RFC 5321, section 4.5.3.1.1
	maxName  = 100
)

// emailFault says what is wrong with an e-mail address (already trimmed), or "".
func emailFault(email string) string {
	const form = "This is not an e-mail address; one looks like anna@example.org."
	local, domain, _ := strings.Cut(email, "@")
	switch {
	case email == "":
		return "The e-mail address is missing."
	case len(email) > maxEmail:
		return fmt.Sprintf("The e-mail address has %d bytes; at most %d are allowed.", len(email), maxEmail)
	case !utf8.ValidString(email) || strings.ContainsFunc(email, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return form
	case local == "" || len(local) > maxLocal || domain == "" || strings.ContainsAny(email, `"<>(),:;\[]`):
		return form
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return form
		}
	}
	if parsed, err := mail.ParseAddress(email); err != nil || parsed.Address != email {
		return form
	}
	return ""
}

// nameFault says what is wrong with a name (already trimmed), or "".
func nameFault(what, name string) string {
	length := utf8.RuneCountInString(name)
	switch {
	case name == "":
		return fmt.Sprintf("The %s is missing.", what)
	case length > maxName:
		return fmt.Sprintf("The %s has %d characters; at most %d are allowed.", what, length, maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Sprintf("The %s holds characters that cannot be shown.", what)
	}
	return ""
}
