// Package body is the content of an HTTP message, of a request, an answer and a fetch alike. It is
// read once, as a stream; only who needs it whole has it whole. What is kept of its beginning is
// taken while it passes. It hides whether the bytes are there already.
package body

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
)

// Body is one content. nil is none. It is read by one goroutine; Beginning may be asked by others.
type Body struct {
	data   []byte // of a whole one, never changed
	text   string // the same, where it is a text
	stream io.ReadCloser
	size   int64
	read   int64 // bytes, so far

	mu   sync.Mutex
	kept []byte // of a stream
	keep int
}

// Bytes is a body that is there. Nobody changes the bytes any more.
func Bytes(data []byte) *Body { return &Body{data: data, size: int64(len(data))} }

// Text is a body that is there, in UTF-8.
func Text(text string) *Body { return &Body{text: text, size: int64(len(text))} }

// Stream is a body that is still to come, of so many bytes; -1: that is not known. The first keep
// bytes of it are remembered when they pass.
func Stream(from io.ReadCloser, size int64, keep int) *Body {
	return &Body{stream: from, size: size, keep: keep}
}

// Size is how many bytes it has in all; -1: that is not known.
func (b *Body) Size() int64 {
	if b == nil {
		return 0
	}
	return b.size
}

// Read implements io.Reader.
func (b *Body) Read(p []byte) (n int, err error) {
	switch {
	case b == nil:
		return 0, io.EOF
	case b.stream != nil:
		n, err = b.stream.Read(p)
		b.remember(p[:n])
	case b.read >= b.size:
		return 0, io.EOF
	case b.data != nil:
		n = copy(p, b.data[b.read:])
	default:
		n = copy(p, b.text[b.read:])
	}
	b.read += int64(n)
	return n, err
}

// WriteTo implements io.WriterTo.
func (b *Body) WriteTo(w io.Writer) (n int64, err error) {
	switch {
	case b == nil:
		return 0, nil
	case b.stream != nil:
		return io.Copy(w, struct{ io.Reader }{b})
	}
	var wrote int
	if b.data != nil {
		wrote, err = w.Write(b.data[b.read:])
	} else {
		wrote, err = io.WriteString(w, b.text[b.read:])
	}
	b.read += int64(wrote)
	return int64(wrote), err
}

// Close implements io.Closer.
func (b *Body) Close() error {
	if b == nil || b.stream == nil {
		return nil
	}
	return b.stream.Close()
}

// ErrTooLarge is the error of a body that has more bytes than somebody takes.
var ErrTooLarge = errors.New("the body is too large")

// All is the rest of it: it reads a stream to its end and closes it. What is there is given as it is,
// as often as it is asked for. More than so many bytes are ErrTooLarge.
func (b *Body) All(most int64) ([]byte, error) {
	switch {
	case b == nil:
		return nil, nil
	case b.size > most:
		return nil, ErrTooLarge
	case b.stream == nil && b.data != nil:
		return b.data[b.read:], nil
	case b.stream == nil:
		return []byte(b.text[b.read:]), nil
	}
	data, err := io.ReadAll(io.LimitReader(b, min(most, math.MaxInt64-1)+1))
	err = errors.Join(err, b.Close())
	if err == nil && int64(len(data)) > most {
		return nil, ErrTooLarge
	}
	return data, err
}

// Beginning is a copy of at most so many of its first bytes, as far as they are known: of a stream
// those that have passed, and no more than are kept of it.
func (b *Body) Beginning(most int) []byte {
	switch {
	case b == nil:
		return nil
	case b.data != nil:
		return append([]byte(nil), b.data[:min(len(b.data), most)]...)
	case b.stream == nil:
		return []byte(b.text[:min(len(b.text), most)])
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]byte(nil), b.kept[:min(len(b.kept), most)]...)
}

func (b *Body) remember(passed []byte) {
	if b.keep == 0 || len(passed) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if room := b.keep - len(b.kept); room > 0 {
		b.kept = append(b.kept, passed[:min(room, len(passed))]...)
	}
}

var errStream = errors.New("a body that is still to come has no JSON form")

// MarshalJSON implements json.Marshaler for a body that is there.
func (b *Body) MarshalJSON() ([]byte, error) {
	if b.stream != nil {
		return nil, errStream
	}
	return json.Marshal(b.Beginning(int(b.size)))
}

// UnmarshalJSON implements json.Unmarshaler.
func (b *Body) UnmarshalJSON(text []byte) error {
	var data []byte
	if err := json.Unmarshal(text, &data); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	b.data, b.size = data, int64(len(data))
	return nil
}
