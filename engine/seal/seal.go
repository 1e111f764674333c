// Package seal keeps secrets unreadable for whoever has only the database: AES-256-GCM (NIST
// SP 800-38D) with a random nonce, bound to what the secret is of, so that a sealed value that
// was copied to another row does not open. It hides where keys come from and guarantees that
// nothing is sealed with a key that is not written down.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// KeySize is the length of a key in bytes.
const KeySize = 32

// KeyID names a key without telling it: the beginning of a SHA-256, 8 hexadecimal digits.
type KeyID string

// NoKey is the error of a sealed value whose key is not here.
type NoKey struct{ ID KeyID }

func (e NoKey) Error() string {
	if e.ID == "" {
		return "there is no key to seal with"
	}
	return fmt.Sprintf("key %s is not here", e.ID)
}

// ErrDamaged is the error of a sealed value that was changed, or was sealed for something else.
var ErrDamaged = errors.New("the sealed value was changed, or is of something else")

// Ring are the keys of an installation. The first seals; all open. It may be used by several
// goroutines.
type Ring struct {
	given []key
	dir   Dir // "": there is none

	mu     sync.Mutex
	keys   []key
	missed time.Time // when the folder was last read for a key that was not known
	seen   time.Time // when it had been changed then
}

type key struct {
	id      KeyID
	text    string // as it is written down
	aead    cipher.AEAD
	retired bool // it opens and does not seal
}

// Open makes the ring of the keys that a person wrote down and of those in a folder; the former
// come first. Either may be empty.
//
// Keys are written one after the other, separated by commas or blanks, each KeySize random bytes
// in base64 (RFC 4648, sections 4 and 5, padded or not) or hexadecimal.
func Open(given string, dir Dir) (*Ring, error) {
	ring := &Ring{dir: dir}
	for at, one := range strings.FieldsFunc(given, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		k, err := parse(one)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", at+1, err)
		}
		ring.given = append(ring.given, k)
	}
	found, err := dir.keys()
	if err != nil {
		return nil, err
	}
	ring.keys = slices.Concat(ring.given, found)
	return ring, nil
}

func parse(text string) (key, error) {
	raw, err := decode(text)
	if err != nil {
		return key{}, err
	}
	if len(raw) != KeySize {
		return key{}, fmt.Errorf("want %d bytes in base64 or hexadecimal, not %d", KeySize, len(raw))
	}
	if distinct(raw) < KeySize/4 {
		return key{}, errors.New("want random bytes, not a pattern; openssl rand -base64 32 makes some")
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return key{}, fmt.Errorf("cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return key{}, fmt.Errorf("cipher: %w", err)
	}
	sum := sha256.Sum256(append([]byte("picloud key\x00"), raw...))
	return key{id: KeyID(hex.EncodeToString(sum[:4])), text: text, aead: aead}, nil
}

func decode(text string) ([]byte, error) {
	if len(text) == 2*KeySize {
		if raw, err := hex.DecodeString(text); err == nil {
			return raw, nil
		}
	}
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	raw, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil {
		return nil, errors.New("it is neither base64 nor hexadecimal")
	}
	return raw, nil
}

func distinct(raw []byte) int {
	sorted := slices.Sorted(slices.Values(raw))
	return len(slices.Compact(sorted))
}

// Generate makes a key as Open reads it.
func Generate() string {
	raw := make([]byte, KeySize)
	_, _ = rand.Read(raw) // it never fails
	return base64.StdEncoding.EncodeToString(raw)
}

// Given are the keys that were not read from the folder, as Open takes them. They are secret.
func (r *Ring) Given() string {
	texts := make([]string, len(r.given))
	for i, k := range r.given {
		texts[i] = k.text
	}
	return strings.Join(texts, ",")
}

// Current is the key that seals; "" where there is none yet.
func (r *Ring) Current() KeyID {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.keys) == 0 || r.keys[0].retired {
		return ""
	}
	return r.keys[0].id
}

// Has tells whether a key is here.
func (r *Ring) Has(id KeyID) bool {
	_, found := r.find(id)
	return found
}

// Seal makes a value unreadable, with the key that is the current one now and is written down. Open
// needs the same identity. It fails with NoKey where there is none.
func (r *Ring) Seal(value, identity []byte) (KeyID, []byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.given) == 0 {
		found, err := r.dir.keys()
		if err != nil || len(found) == 0 || found[0].retired {
			return "", nil, NoKey{}
		}
		r.keys = found
	}
	k := r.keys[0]
	return k.id, k.aead.Seal(nil, nil, value, bound(k.id, identity)), nil
}

// bound is what is authenticated beside a value.
func bound(id KeyID, identity []byte) []byte { return append([]byte(id+"\x00"), identity...) }

// Open makes a sealed value readable again. It fails with NoKey or ErrDamaged.
func (r *Ring) Open(id KeyID, sealed, identity []byte) ([]byte, error) {
	k, found := r.find(id)
	if !found {
		return nil, NoKey{ID: id}
	}
	value, err := k.aead.Open(nil, nil, sealed, bound(id, identity))
	if err != nil {
		return nil, ErrDamaged
	}
	return value, nil
}

// find looks into the folder again for a key that it does not know: it may have been changed
// while this process runs.
func (r *Ring) find(id KeyID) (key, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k, found := pick(r.keys, id); found || r.dir == "" {
		return k, found
	}
	changed := r.dir.changed()
	if changed.Equal(r.seen) && time.Since(r.missed) < time.Second && time.Since(changed) > justNow {
		return key{}, false
	}
	r.missed, r.seen = time.Now(), changed
	r.readAgain()
	return pick(r.keys, id)
}

// justNow is how long another change may have the same time.
const justNow = 100 * time.Millisecond

// readAgain reads the folder, if there is one. While it cannot be read the ring stays as it is.
func (r *Ring) readAgain() {
	if r.dir == "" {
		return
	}
	if found, err := r.dir.keys(); err == nil && len(found) > 0 {
		r.keys = slices.Concat(r.given, found)
	}
}

func pick(keys []key, id KeyID) (key, bool) {
	at := slices.IndexFunc(keys, func(k key) bool { return k.id == id })
	if at < 0 {
		return key{}, false
	}
	return keys[at], true
}
