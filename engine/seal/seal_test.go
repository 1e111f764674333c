package seal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func ring(t *testing.T, text string) *Ring {
	t.Helper()
	r, err := Open(text, "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealedOpens(t *testing.T) {
	t.Parallel()
	r := ring(t, Generate())
	id, sealed, err := r.Seal([]byte("hush"), []byte("app/NAME"))
	if err != nil || id != r.Current() || bytes.Contains(sealed, []byte("hush")) {
		t.Fatal(id, sealed, err)
	}
	if value, err := r.Open(id, sealed, []byte("app/NAME")); err != nil || string(value) != "hush" {
		t.Errorf("%q, %v", value, err)
	}
	if _, again, _ := r.Seal([]byte("hush"), []byte("app/NAME")); bytes.Equal(again, sealed) {
		t.Error("the same value is sealed the same way twice")
	}
}

// A sealed value in another row, a changed one and one of another key open nothing.
func TestWhatDoesNotOpen(t *testing.T) {
	t.Parallel()
	r := ring(t, Generate())
	id, sealed, _ := r.Seal([]byte("hush"), []byte("app/NAME"))
	if _, err := r.Open(id, sealed, []byte("app/OTHER")); !errors.Is(err, ErrDamaged) {
		t.Errorf("in another row: %v", err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := r.Open(id, changed, []byte("app/NAME")); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	if _, err := r.Open(id, sealed[:5], nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("cut off: %v", err)
	}
	other := ring(t, Generate())
	if _, err := other.Open(id, sealed, []byte("app/NAME")); err != (NoKey{ID: id}) || !strings.Contains(err.Error(), string(id)) {
		t.Errorf("another key: %v", err)
	}
}

func TestKeysAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	text := Generate()
	raw, err := decode(text)
	if err != nil {
		t.Fatal(err)
	}
	want := ring(t, text).Current()
	urlSafe := strings.NewReplacer("+", "-", "/", "_").Replace(text)
	for _, same := range []string{strings.TrimRight(text, "="), urlSafe, hex.EncodeToString(raw), " " + text + "\n", strings.ToUpper(hex.EncodeToString(raw))} {
		if got := ring(t, same).Current(); got != want {
			t.Errorf("%q: key %s, want %s", same, got, want)
		}
	}
	two := ring(t, Generate()+", "+text)
	if two.Current() == want || !two.Has(want) {
		t.Error("of two keys the first seals and both open")
	}
	if ring(t, two.Given()).Current() != two.Current() {
		t.Error("a ring's text is not the ring")
	}
	if none := ring(t, " , "); none.Current() != "" {
		t.Error("there is a key where none was given")
	}
	for _, wrong := range []string{"secret", strings.Repeat("A", 43), strings.Repeat("ab", 32), text[:20], text + text} {
		if _, err := Open(wrong, ""); err == nil {
			t.Errorf("%q is a key", wrong)
		} else if strings.Contains(err.Error(), wrong) && len(wrong) > 8 {
			t.Errorf("the key is told: %v", err)
		}
	}
}

func TestAFolderOfKeys(t *testing.T) {
	t.Parallel()
	dir, err := DirIn(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	empty := inDir(t, dir)
	if empty.Current() != "" {
		t.Fatal("there is a key")
	}
	if _, _, err := empty.Seal(nil, nil); err != (NoKey{}) {
		t.Errorf("sealed without a key: %v", err)
	}
	first := made(t, dir)
	if again := made(t, dir); again.Current() != first.Current() {
		t.Fatal("the key was made anew")
	}
	if id, _, err := empty.Seal(nil, nil); err != nil || id != first.Current() {
		t.Errorf("who runs does not see the key that was made: %v", err)
	}
	if both, err := Open(Generate(), dir); err != nil || both.Current() == first.Current() || !both.Has(first.Current()) {
		t.Errorf("a given key does not come first: %v", err)
	}
	info, err := os.Stat(filepath.Join(string(dir), "current.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// The processes that run when the key is rotated seal with the new one and open with both.
func TestRotatedWhileItIsUsed(t *testing.T) {
	t.Parallel()
	dir, err := DirIn(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	running := made(t, dir)
	old, sealed, _ := running.Seal([]byte("hush"), nil)
	if err := dir.Rotate(); err != nil {
		t.Fatal(err)
	}
	rotated := inDir(t, dir)
	if rotated.Current() == old {
		t.Fatal("the key is the same")
	}
	fresh, fromNew, _ := rotated.Seal([]byte("new"), nil)
	if value, err := running.Open(fresh, fromNew, nil); err != nil || string(value) != "new" {
		t.Errorf("the one that runs: %q, %v", value, err)
	}
	if id, _, _ := running.Seal(nil, nil); id != fresh {
		t.Errorf("the one that runs seals with %s, want %s", id, fresh)
	}
	if err := os.Remove(dir.CurrentFile()); err != nil {
		t.Fatal(err)
	}
	if left := inDir(t, dir); left.Current() != "" || !left.Has(old) {
		t.Error("a key that was rotated away seals again")
	}
	if value, err := rotated.Open(old, sealed, nil); err != nil || string(value) != "hush" {
		t.Errorf("what was sealed before: %q, %v", value, err)
	}
}

func inDir(t *testing.T, dir Dir) *Ring {
	t.Helper()
	r, err := Open("", dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func made(t *testing.T, dir Dir) *Ring {
	t.Helper()
	if err := dir.Make(); err != nil {
		t.Fatal(err)
	}
	return inDir(t, dir)
}
