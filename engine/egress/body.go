package egress

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// The bounds of decoding.
const (
	maxCodings = 1        // what is between two of them would be bounded by nothing
	zstdWindow = 8 << 20  // bytes: RFC 9659, section 3
	wireSlack  = 64 << 10 // bytes that a body may be longer encoded than decoded, beyond an eighth
)

// body is an answer's body as the caller reads it: counted as it comes, decoded, counted again.
type body struct {
	ctx     context.Context
	wire    wire
	decoded io.Reader
	count   atomic.Int64
	limit   int64
	explain func(*failure) error // makes the caller's error
	failed  error                // what the first error was stays
	closed  atomic.Bool
}

// wire is the body as it comes.
type wire struct {
	from  io.ReadCloser
	count atomic.Int64
	limit int64
	over  bool
}

func newBody(ctx context.Context, from io.ReadCloser, codings []string, limit int64) *body {
	b := &body{ctx: ctx, limit: limit, wire: wire{from: from, limit: limit + limit/8 + wireSlack}}
	b.decoded = &b.wire
	for _, coding := range codings {
		b.decoded = &decoder{coding: coding, from: bufio.NewReader(b.decoded)}
	}
	return b
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	if w.count.Add(int64(n)) > w.limit {
		w.over = true
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// Read gives decoded bytes, at most the limit.
func (b *body) Read(p []byte) (int, error) {
	if b.failed != nil {
		return 0, b.failed
	}
	// One byte more than the limit tells one that is over it.
	if left := b.limit + 1 - b.count.Load(); int64(len(p)) > left {
		p = p[:left]
	}
	n, err := b.decoded.Read(p)
	total := b.count.Add(int64(n))
	switch {
	case total > b.limit || b.wire.over:
		n, b.failed = max(0, n-int(max(0, total-b.limit))), b.explain(tooLarge(b.limit))
	case err == io.EOF:
		b.failed = io.EOF
	case err != nil:
		b.failed = b.explain(b.broken(err))
	}
	if b.failed != nil {
		_ = b.wire.from.Close()
	}
	return n, b.failed
}

func (b *body) broken(err error) *failure {
	if over := ended(b.ctx); over != nil {
		return over
	}
	if b.closed.Load() {
		return fail(Aborted, "the body of the answer of %s was closed", err)
	}
	return fail(Protocol, "the body of the answer of %s broke off or is damaged", err)
}

// Close ends the answer. A Read that waits returns.
func (b *body) Close() error {
	b.closed.Store(true)
	_ = b.wire.from.Close()
	return nil
}

// codingsOf is what a body is encoded with, the outermost first (RFC 9110, section 8.4); nil:
// nothing, or something that is not known, as browsers have it.
func codingsOf(header http.Header) ([]string, *failure) {
	var codings []string
	for coding := range strings.SplitSeq(strings.Join(header["Content-Encoding"], ","), ",") {
		switch coding = strings.ToLower(strings.TrimSpace(coding)); coding {
		case "", "identity":
		case "gzip", "x-gzip", "deflate", "br", "zstd":
			codings = append([]string{coding}, codings...)
		default:
			return nil, nil
		}
		if len(codings) > maxCodings {
			return nil, fail(Protocol, "the answer of %s is encoded more than once over", nil)
		}
	}
	return codings, nil
}

// decoder undoes one coding. It begins with the first byte, since an empty body is empty
// whatever it says of itself.
type decoder struct {
	coding string
	from   *bufio.Reader
	to     io.Reader
}

func (d *decoder) Read(p []byte) (int, error) {
	if d.to == nil {
		if _, err := d.from.Peek(1); err != nil {
			return 0, err
		}
		to, err := decode(d.coding, d.from)
		if err != nil {
			return 0, unexpected(err)
		}
		d.to = to
	}
	return d.to.Read(p)
}

// unexpected is the error of a header that is cut short.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func decode(coding string, from *bufio.Reader) (io.Reader, error) {
	switch coding {
	case "br":
		return brotli.NewReader(from), nil
	case "zstd":
		// Of one goroutine, so that nothing is left of it when it is not read to its end.
		return zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderLowmem(true))
	case "deflate":
		// RFC 9110, section 8.4.1.2: zlib; some servers send it bare.
		if head, err := from.Peek(2); err == nil && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
			return zlib.NewReader(from)
		}
		return flate.NewReader(from), nil
	}
	return gzip.NewReader(from)
}
