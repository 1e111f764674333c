package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"runtime/debug"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"picloud/engine/fault"
)

// Length of a password, in characters.
const (
	MinPassword = 12
	MaxPassword = 128
)

// cost is Argon2id's (RFC 9106): memory in KiB, passes, lanes. It may only rise.
type cost struct {
	memory uint32
	passes uint32
	lanes  uint8
}

func currentCost() cost { return cost{memory: 47104, passes: 1, lanes: 1} }

const (
	saltBytes = 16
	keyBytes  = 32

	hashersAtOnce = 2  // each takes 46 MiB
	hashersInLine = 16 // waiting; beyond it sign-in answers "busy"
)

// hasher bounds how much memory hashing may take.
type hasher struct {
	line  chan struct{}
	slots chan struct{}
}

func newHasher() *hasher {
	return &hasher{line: make(chan struct{}, hashersInLine+hashersAtOnce), slots: make(chan struct{}, hashersAtOnce)}
}

// do runs work in a slot. With a full line it refuses at once.
func (h *hasher) do(ctx context.Context, work func()) error {
	select {
	case h.line <- struct{}{}:
	default:
		return fault.New(fault.Unavailable, "Too many people are signing in at this moment. Try again.").After(time.Second)
	}
	defer func() { <-h.line }()
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait for a hashing slot: %w", ctx.Err())
	}
	work()
	<-h.slots
	if len(h.line) == 1 {
		debug.FreeOSMemory() // the 46 MiB would stay with the process for minutes
	}
	return nil
}

// hash makes a PHC string: $argon2id$v=19$m=…,t=…,p=…$salt$key.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	c := currentCost()
	var key []byte
	err := h.do(ctx, func() { key = c.derive(password, salt) })
	if err != nil {
		return "", err
	}
	return c.encode(salt, key), nil
}

// verify tells whether the password is the one of the PHC string, and whether that
// string was made with a lower cost than today's.
func (h *hasher) verify(ctx context.Context, password, phc string) (match, stale bool, err error) {
	c, salt, want, err := parsePHC(phc)
	if err != nil {
		return false, false, err
	}
	err = h.do(ctx, func() { match = subtle.ConstantTimeCompare(c.derive(password, salt), want) == 1 })
	now := currentCost()
	return match, c.memory < now.memory || c.passes < now.passes, err
}

// dummyHash takes as long to verify as a real one and matches nothing.
func dummyHash() string {
	return currentCost().encode(make([]byte, saltBytes), make([]byte, keyBytes))
}

// derive hashes the NFC form (RFC 8265, section 4.2), so that the same characters typed
// on another keyboard give the same password.
func (c cost) derive(password string, salt []byte) []byte {
	return argon2.IDKey(norm.NFC.Bytes([]byte(password)), salt, c.passes, c.memory, c.lanes, keyBytes)
}

func (c cost) encode(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.lanes,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

func parsePHC(phc string) (c cost, salt, key []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, fmt.Errorf("password hash is of an unknown form")
	}
	if _, err = fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.lanes); err != nil {
		return c, nil, nil, fmt.Errorf("password hash parameters: %w", err)
	}
	if c.passes == 0 || c.lanes == 0 || c.memory > 1<<20 {
		return c, nil, nil, fmt.Errorf("password hash parameters are out of range")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return c, nil, nil, fmt.Errorf("password hash salt: %w", err)
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(key) != keyBytes {
		return c, nil, nil, fmt.Errorf("password hash key is damaged")
	}
	return c, salt, key, nil
}

//go:embed common.txt
var commonWords string

// passwordFault says what is wrong with a new password, or "".
func passwordFault(password, email string) string {
	length := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl):
		return "The password holds characters that cannot be typed."
	case length < MinPassword:
		return fmt.Sprintf("The password has %d characters; it needs at least %d.", length, MinPassword)
	case length > MaxPassword:
		return fmt.Sprintf("The password has %d characters; at most %d are allowed.", length, MaxPassword)
	}
	local, _, _ := strings.Cut(email, "@")
	lower := strings.ToLower(password)
	if email != "" && (lower == strings.ToLower(email) || trimDecoration(lower) == strings.ToLower(local)) {
		return "The password must not be the e-mail address."
	}
	if isCommon(lower) {
		return "This password is one of the first that would be guessed. Choose another, for example four words that do not belong together."
	}
	return ""
}

// isCommon tells whether a password (lower case) is one of the common words, one of
// them dressed with digits and signs, repeated, or a plain run of characters.
func isCommon(lower string) bool {
	known := map[string]bool{}
	for word := range strings.FieldsSeq(commonWords) {
		known[word] = true
	}
	bare := trimDecoration(lower)
	for _, form := range []string{lower, bare, plainLetters(lower), trimDecoration(plainLetters(lower)), plainLetters(bare)} {
		if form == "" || known[form] || known[shortestUnit(form)] {
			return true
		}
	}
	return utf8.RuneCountInString(shortestUnit(lower)) <= 4 || isRun(lower) || splits(plainLetters(bare), known)
}

// trimDecoration takes digits, spaces and signs off both ends.
func trimDecoration(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
}

// plainLetters undoes the usual replacements: p@ssw0rd → password.
func plainLetters(text string) string {
	return strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i").Replace(text)
}

// shortestUnit is the part whose repetition makes the text, or the text itself.
func shortestUnit(text string) string {
	if i := strings.Index((text + text)[min(1, len(text)):], text); i >= 0 && i+1 < len(text) {
		return text[:i+1]
	}
	return text
}

// isRun tells whether each character follows or precedes the one before it: abcdefghijkl.
func isRun(text string) bool {
	for _, step := range []rune{1, -1} {
		previous, run := rune(-2), true
		for i, r := range text {
			wraps := step == 1 && previous == '9' && r == '0' || step == -1 && previous == '0' && r == '9'
			if i > 0 && r != previous+step && !wraps {
				run = false
				break
			}
			previous = r
		}
		if run {
			return true
		}
	}
	return false
}

// splits tells whether the text is two common words put together.
func splits(text string, known map[string]bool) bool {
	for i := 4; i <= len(text)-4; i++ {
		if known[text[:i]] && known[text[i:]] {
			return true
		}
	}
	return false
}
