// Package variable is what functions are configured with: variables, which anybody who sees the
// app may read, and secrets, which functions read and people never again. An app has them, and
// a script may have values of its own in their place. It hides how secrets are sealed and
// guarantees that no value of a secret leaves this package but to the function that asks for it.
//
// Service is what people do with them, System what PiCloud does by itself; Env is what the
// functions of a script get, in the worker.
package variable

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/seal"
)

// Limits.
const (
	MaxName  = 64       // characters
	MaxValue = 64 << 10 // bytes
	MaxApp   = 1 << 20  // bytes of all values of an app together
	MaxCount = 1000     // of an app, those of its scripts with them
)

// Variable is one name with its value, of an app or of one of its scripts.
type Variable struct {
	Script     id.Script // zero: of the app
	ScriptName string
	Name       string
	Secret     bool
	Value      string // of a secret always empty
	Size       int    // bytes of the value
	SetAt      time.Time
	SetBy      string     // the name as it was
	UsedAt     time.Time  // when a function last read the secret, to the minute; zero: never, or it is none
	UsedBy     []string   // names of the scripts that name it in what is live
	MissingKey seal.KeyID // the key that is not here and without which it cannot be opened; "": none
}

// CheckName says what is wrong with a name, in a sentence; "" is nothing.
func CheckName(name string) string {
	switch {
	case name == "":
		return "A name is needed: 1 to 64 of A-Z, a-z, 0-9 and \"_\"."
	case len(name) > MaxName:
		return fmt.Sprintf("%.20q… has %d characters; the limit is %d.", name, utf8.RuneCountInString(name), MaxName)
	case name[0] >= '0' && name[0] <= '9':
		return fmt.Sprintf("%q begins with a digit; it must begin with a letter or \"_\".", name)
	}
	for _, r := range name {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return fmt.Sprintf("%q has %q; allowed are A-Z, a-z, 0-9 and \"_\".", name, r)
		}
	}
	if name == "__proto__" {
		return `"__proto__" has a meaning of its own in JavaScript; choose another name.`
	}
	return ""
}

// checkValue says what is wrong with a value; it never repeats it.
func checkValue(value string) string {
	switch {
	case len(value) > MaxValue:
		return fmt.Sprintf("The value has %d bytes; the limit is %d (64 KiB).", len(value), MaxValue)
	case !utf8.ValidString(value):
		return "The value is not valid UTF-8; write bytes as base64."
	case strings.IndexByte(value, 0) >= 0:
		return "The value holds a NUL character, which cannot be kept."
	}
	return ""
}

// identity is what a secret is bound to.
func identity(app id.App, script id.Script, name string) []byte {
	return []byte("picloud secret " + app.String() + " " + script.String() + " " + name)
}

func noVariable(secret bool, name string) error {
	return fault.New(fault.NotFound, "There is no %s %.80q.", kind(secret), name)
}

func kind(secret bool) string {
	if secret {
		return "secret"
	}
	return "variable"
}
