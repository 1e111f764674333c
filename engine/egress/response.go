package egress

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"picloud/engine/call"
)

// Response is an answer whose body is still to be read.
type Response struct {
	Status     int
	StatusText string
	Header     []call.Field // lower-case names in order, each value a field of its own
	URL        string       // that answered, without a fragment
	Redirected bool
	// Body is decoded as Content-Encoding says. Its errors are *Error. It may be closed while
	// it is read; it is nil where there can be none (HEAD, 204, 205, 304).
	Body io.ReadCloser
	// Decoded tells that the header's content-encoding and content-length, which stand there as
	// browsers show them, are not those of Body: who passes the answer on leaves them out.
	Decoded bool
	Hops    []Hop // at least one, the last is the answer's

	body *body
}

// Received tells how many bytes of the body have been read so far, as they came and decoded.
func (r *Response) Received() (wire, decoded int64) {
	if r.body == nil {
		return 0, 0
	}
	return r.body.wire.count.Load(), r.body.count.Load()
}

// respond makes the answer that the caller gets.
func (e *exchange) respond(ctx context.Context, answer *http.Response) (*Response, error) {
	response := &Response{
		Status: answer.StatusCode, StatusText: strings.TrimSpace(strings.TrimPrefix(answer.Status, strconv.Itoa(answer.StatusCode))),
		Header: incoming(answer.Header), URL: e.at.String(), Redirected: len(e.hops) > 1, Hops: e.hops,
	}
	if e.method == http.MethodHead || isNullBody(answer.StatusCode) {
		_ = answer.Body.Close()
		return response, nil
	}
	codings, failed := codingsOf(answer.Header)
	if failed == nil && codings == nil && answer.ContentLength > e.request.MaxBytes {
		failed = tooLarge(e.request.MaxBytes)
	}
	if failed != nil {
		_ = answer.Body.Close()
		return nil, failed.about(e.written, e.hops)
	}
	response.body = newBody(ctx, answer.Body, codings, e.request.MaxBytes)
	response.body.explain = func(f *failure) error { return f.about(e.written, e.hops) }
	response.Body, response.Decoded = response.body, codings != nil
	return response, nil
}

// isNullBody is https://fetch.spec.whatwg.org/#null-body-status.
func isNullBody(status int) bool {
	return status == http.StatusNoContent || status == http.StatusResetContent || status == http.StatusNotModified
}

// incoming is the header as functions see it, without what is no field by RFC 9110, section 5.
func incoming(header http.Header) []call.Field {
	fields := make([]call.Field, 0, len(header))
	for name, values := range header {
		for _, value := range values {
			if httpguts.ValidHeaderFieldName(name) && httpguts.ValidHeaderFieldValue(value) {
				fields = append(fields, call.Field{Name: strings.ToLower(name), Value: value})
			}
		}
	}
	slices.SortStableFunc(fields, func(a, b call.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

func tooLarge(limit int64) *failure {
	return fail(TooLarge, fmt.Sprintf("the answer of %%s is over %d bytes", limit), nil)
}
