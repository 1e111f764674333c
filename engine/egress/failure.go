package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
)

// Category says in a word why a request came to nothing.
type Category string

// The categories.
const (
	Invalid   Category = "invalid"   // the request itself cannot be sent: its URL, method or a header field
	DNS       Category = "dns"       // no address was found for the host
	Refused   Category = "refused"   // nobody answers at the host and port
	TLS       Category = "tls"       // no secure connection came about
	Timeout   Category = "timeout"   // connecting took too long, or the context's time was up
	Forbidden Category = "policy"    // functions may not go there
	Protocol  Category = "protocol"  // what was answered is not HTTP, or the answer broke off
	TooLarge  Category = "too large" // the answer's header or body is over its limit
	Redirect  Category = "redirect"  // one that is not followed, or one too many
	Aborted   Category = "aborted"   // the caller's context was cancelled
	Proxy     Category = "proxy"     // the operator's proxy does not answer, or will not
)

// Error is why a request came to nothing. Its text is made for the function's author: the
// category and a sentence with the host as the caller wrote it; no address that was looked up
// and no text of a library. Unwrap gives what was behind it, for logs alone.
type Error struct {
	Category Category
	Host     string // as the caller wrote it
	Sentence string
	Hops     []Hop // with the one that failed, if it came to that
	cause    error
}

func (e *Error) Error() string { return string(e.Category) + ": " + e.Sentence }

func (e *Error) Unwrap() error { return e.cause }

// Refusal is why Config.Inward does not answer, a sentence that ends its request as a policy's.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// failure is an Error before it is known whom its sentence is about: that is where %s stands.
type failure struct {
	category Category
	sentence string
	cause    error
}

func (f *failure) Error() string { return string(f.category) + ": " + f.sentence }

func (f *failure) Unwrap() error { return f.cause }

func fail(category Category, sentence string, cause error) *failure {
	return &failure{category: category, sentence: sentence, cause: cause}
}

// about makes the error that the caller gets. After a redirect the place is not the one that
// the caller wrote, and the sentence says so.
func (f *failure) about(host string, hops []Hop) *Error {
	subject := host
	if len(hops) > 1 {
		subject = "the place that " + host + " redirected to"
	}
	sentence := strings.ReplaceAll(f.sentence, "%s", subject)
	return &Error{Category: f.category, Host: host, Sentence: sentence, Hops: hops, cause: f.cause}
}

// ended is what the context says, nil while it goes on.
func ended(ctx context.Context) *failure {
	switch err := ctx.Err(); {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return fail(Timeout, "%s did not answer within the time that the request had", context.Cause(ctx))
	default:
		return fail(Aborted, "the request to %s was aborted", context.Cause(ctx))
	}
}

// classify gives an error of the transport its category.
func classify(ctx context.Context, err error) *failure {
	if over := ended(ctx); over != nil {
		return over
	}
	if known, ok := errors.AsType[*failure](err); ok {
		return known
	}
	if refusal, ok := errors.AsType[Refusal](err); ok {
		return refuse(strings.ReplaceAll(string(refusal), "%", ""))
	}
	if operation, ok := errors.AsType[*net.OpError](err); ok && operation.Op == "proxyconnect" {
		return fail(Proxy, "the proxy on the way to %s does not answer", err)
	}
	if secure := classifyTLS(err); secure != nil {
		return secure
	}
	// The transport has no error values for these.
	if text := err.Error(); strings.Contains(text, "response headers exceeded") || strings.Contains(text, "header list larger") ||
		strings.Contains(text, "too many 1xx") {
		return fail(TooLarge, fmt.Sprintf("the header of the answer of %%s is over %d KiB", maxHeader>>10), err)
	}
	return fail(Protocol, "%s closed the connection or answered with what is not HTTP", err)
}

// classifyDial gives an error of a connection that did not come about its category.
func classifyDial(err error) *failure {
	if known, ok := errors.AsType[*failure](err); ok {
		return known
	}
	if lookUp, ok := errors.AsType[*net.DNSError](err); ok {
		if lookUp.IsTimeout {
			return fail(DNS, "looking up %s took too long", err)
		}
		return fail(DNS, "no address was found for %s", err)
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return fail(Timeout, "connecting to %s took too long", err)
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fail(Refused, "%s refused the connection", err)
	}
	return fail(Refused, "%s cannot be reached", err)
}

// classifyTLS says what was wrong with a handshake; nil: it is no error of one.
func classifyTLS(err error) *failure {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fail(TLS, "the certificate of %s is signed by nobody known", err)
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return fail(TLS, "the certificate of %s is made out to another name", err)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if invalid.Reason == x509.Expired {
			return fail(TLS, "the certificate of %s has expired or is not valid yet", err)
		}
		return fail(TLS, "the certificate of %s is not valid", err)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fail(TLS, "the certificate of %s is not valid", err)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return fail(TLS, "%s does not speak TLS on this port", err)
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return fail(TLS, "%s ended the TLS handshake", err)
	}
	return nil
}
