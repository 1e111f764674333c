package body

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// kinds are bodies with the same content.
func kinds(content string) map[string]*Body {
	return map[string]*Body{
		"bytes": Bytes([]byte(content)), "text": Text(content),
		"stream": Stream(io.NopCloser(iotest.OneByteReader(strings.NewReader(content))), -1, 4),
	}
}

func TestBodiesAreReadOnce(t *testing.T) {
	t.Parallel()
	for kind, b := range kinds("hello world") {
		first := make([]byte, 5)
		if _, err := io.ReadFull(b, first); err != nil || string(first) != "hello" {
			t.Errorf("%s: %q, %v", kind, first, err)
		}
		var rest bytes.Buffer
		if _, err := io.Copy(&rest, b); err != nil || rest.String() != " world" {
			t.Errorf("%s: %q, %v", kind, rest.String(), err)
		}
		if again, err := io.ReadAll(b); err != nil || len(again) != 0 {
			t.Errorf("%s: %q a second time", kind, again)
		}
		if got := string(b.Beginning(4)); got != "hell" {
			t.Errorf("%s begins with %q", kind, got)
		}
	}
}

func TestBodiesAreWholeForWhoNeedsIt(t *testing.T) {
	t.Parallel()
	for kind, b := range kinds("hello") {
		if got, err := b.All(5); err != nil || string(got) != "hello" {
			t.Errorf("%s: %q, %v", kind, got, err)
		}
	}
	for kind, b := range kinds("hello!") {
		if _, err := b.All(5); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	broken := Stream(io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)), -1, 0)
	if _, err := broken.All(5); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

func TestNoBody(t *testing.T) {
	t.Parallel()
	var none *Body
	if data, err := none.All(0); none.Size() != 0 || data != nil || err != nil || none.Beginning(3) != nil || none.Close() != nil {
		t.Error("no body has something")
	}
	if n, err := io.Copy(io.Discard, none); n != 0 || err != nil {
		t.Error(n, err)
	}
}

func TestBodiesAsJSON(t *testing.T) {
	t.Parallel()
	type message struct{ Body *Body }
	for _, want := range []*Body{nil, Bytes([]byte("a\x00\xff")), Text("text")} {
		text, err := json.Marshal(message{want})
		if err != nil {
			t.Fatal(err)
		}
		var got message
		if err := json.Unmarshal(text, &got); err != nil || string(got.Body.Beginning(9)) != string(want.Beginning(9)) || got.Body.Size() != want.Size() {
			t.Errorf("%s: %v, %v", text, got.Body, err)
		}
	}
	if _, err := json.Marshal(Stream(io.NopCloser(strings.NewReader("")), 0, 0)); err == nil {
		t.Error("a stream has a JSON form")
	}
}
