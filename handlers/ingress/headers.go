package ingress

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"picloud/engine/call"
	"picloud/engine/invoke"
)

// ourCookies are PiCloud's own; a function never sees them (their names are fixed here and
// in handlers/web, a test compares).
var ourCookies = []string{"picloud_session", "__Host-picloud_session", "picloud_device", "__Host-picloud_device"}

// The form of every API key of PiCloud: the prefix, base62 digits, "_" and base62 digits
// (fixed here and in engine/access; a test of each holds it to that).
const (
	keyPrefix     = "pic_"
	keyBodyDigits = 43
	keySumDigits  = 6
	hiddenKey     = "pic_hidden" // stands in a URL where a key was
)

// sandboxPolicy gives a function's page on the shared host an opaque origin (CSP Level
// 3, section 6.3.2): its scripts run, but reach no cookie, storage or answer of ours.
const sandboxPolicy = "sandbox allow-downloads allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-scripts"

// Values that every answer has. net/http only reads them.
var (
	sandboxed  = []string{sandboxPolicy}
	noSniffing = []string{"nosniff"}
	untyped    = []string{"text/plain; charset=utf-8"}
)

func sandbox(h http.Header) {
	h["Content-Security-Policy"] = sandboxed
	h["X-Content-Type-Options"] = noSniffing
}

// hopByHop are hop-by-hop (RFC 9110, section 7.6.1) and never handed on.
var hopByHop = map[string]bool{
	"connection": true, "keep-alive": true, "proxy-authenticate": true, "proxy-authorization": true, "proxy-connection": true,
	"te": true, "trailer": true, "transfer-encoding": true, "upgrade": true,
}

// notFromFunctions are set by us or would reach beyond the function's own answers.
var notFromFunctions = map[string]bool{
	"content-length": true, "date": true, "server": true,
	"service-worker-allowed": true, "clear-site-data": true, "strict-transport-security": true, "alt-svc": true,
	"public-key-pins": true, "public-key-pins-report-only": true, "nel": true, "report-to": true, "reporting-endpoints": true,
	"x-execution-id": true, "origin-agent-cluster": true,
}

// ofTheOrigin are fields by which a browser keeps something for a whole origin. Fifty
// cookies, for one, would lock people out of the dashboard.
var ofTheOrigin = map[string]bool{
	"set-cookie": true, "set-cookie2": true, "accept-ch": true, "critical-ch": true, "set-login": true, "use-as-dictionary": true,
	"sec-session-registration": true, "secure-session-registration": true,
}

// saysWho are the fields in which a caller, or a proxy before us, names itself.
var saysWho = map[string]bool{
	"forwarded": true, "x-forwarded-for": true, "x-forwarded-proto": true, "x-forwarded-host": true, "x-forwarded-port": true, "x-real-ip": true,
	invoke.Depth: true,
}

// usualNames are the names that most requests have, in lower case. None of them is hop-by-hop
// or says who the caller is.
var usualNames = map[string]string{
	"Accept": "accept", "Accept-Encoding": "accept-encoding", "Accept-Language": "accept-language", "Authorization": "authorization",
	"Cache-Control": "cache-control", "Content-Length": "content-length", "Content-Type": "content-type", "Cookie": "cookie",
	"If-None-Match": "if-none-match", "Origin": "origin", "Pragma": "pragma", "Priority": "priority", "Referer": "referer",
	"Sec-Ch-Ua": "sec-ch-ua", "Sec-Ch-Ua-Mobile": "sec-ch-ua-mobile", "Sec-Ch-Ua-Platform": "sec-ch-ua-platform",
	"Sec-Fetch-Dest": "sec-fetch-dest", "Sec-Fetch-Mode": "sec-fetch-mode", "Sec-Fetch-Site": "sec-fetch-site", "Sec-Fetch-User": "sec-fetch-user",
	"Upgrade-Insecure-Requests": "upgrade-insecure-requests", "User-Agent": "user-agent",
}

// inbound is the header a function sees: names in lower case, without hop-by-hop fields,
// our cookies and our keys.
func inbound(r *http.Request, from caller) []call.Field {
	fields := make([]call.Field, 0, len(r.Header)+3)
	fields = append(fields, call.Field{Name: "host", Value: from.host})
	if from.address.IsValid() { // that of a function is nobody's
		fields = append(fields, call.Field{Name: "x-forwarded-for", Value: from.address.String()})
	}
	fields = append(fields, call.Field{Name: "x-forwarded-proto", Value: from.proto})
	var named []string
	for _, list := range r.Header["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			named = append(named, strings.ToLower(strings.TrimSpace(name)))
		}
	}
	var cookies []string
	for name, values := range r.Header {
		if lower, usual := usualNames[name]; usual {
			name = lower
		} else if name = strings.ToLower(name); hopByHop[name] || saysWho[name] {
			continue
		}
		if slices.Contains(named, name) {
			continue
		}
		for _, value := range values {
			if name == "cookie" {
				if value = withoutOurs(value); value != "" {
					cookies = append(cookies, value)
				}
				continue
			}
			if holdsKey(value) || name == "authorization" && holdsKey(basic(value)) {
				continue
			}
			fields = append(fields, call.Field{Name: name, Value: value})
		}
	}
	if len(cookies) > 0 { // as RFC 9113, section 8.2.3, puts them together
		fields = append(fields, call.Field{Name: "cookie", Value: strings.Join(cookies, "; ")})
	}
	return fields
}

func withoutOurs(cookies string) string {
	if !strings.Contains(cookies, "picloud_") && !holdsKey(cookies) {
		return cookies
	}
	var kept []string
	for pair := range strings.SplitSeq(cookies, ";") {
		name, _, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if !slices.Contains(ourCookies, name) && !holdsKey(pair) {
			kept = append(kept, strings.TrimSpace(pair))
		}
	}
	return strings.Join(kept, "; ")
}

// basic is the user and password of Basic credentials (RFC 7617, section 2); "" of others.
func basic(authorization string) string {
	scheme, encoded, _ := strings.Cut(strings.TrimLeft(authorization, " \t"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return ""
	}
	encoded = strings.NewReplacer("-", "+", "_", "/").Replace(strings.Trim(encoded, " \t\"="))
	decoded, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		return ""
	}
	return string(decoded)
}

// holdsKey tells whether there is a text of a key's form anywhere.
func holdsKey(text string) bool { return findKey(text) >= 0 }

// findKey is where the first text of a key's form begins, or -1.
func findKey(text string) int {
	for from := 0; ; from += len(keyPrefix) {
		at := strings.Index(text[from:], keyPrefix)
		if at < 0 {
			return -1
		}
		from += at
		rest := text[from+len(keyPrefix):]
		if len(rest) > keyBodyDigits+keySumDigits && rest[keyBodyDigits] == '_' &&
			isBase62(rest[:keyBodyDigits]) && isBase62(rest[keyBodyDigits+1:keyBodyDigits+1+keySumDigits]) {
			return from
		}
	}
}

func isBase62(text string) bool {
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// withoutKeys is the text with a mark where keys were.
func withoutKeys(text string) string {
	for at := findKey(text); at >= 0; at = findKey(text) {
		text = text[:at] + hiddenKey + text[at+len(keyPrefix)+keyBodyDigits+1+keySumDigits:]
	}
	return text
}

// staysHere tells whether a cookie is for the host that sets it alone and has no name of
// ours (RFC 6265, section 5.2).
func staysHere(cookie string) bool {
	pair, attributes, _ := strings.Cut(cookie, ";")
	name, _, _ := strings.Cut(pair, "=")
	for _, ours := range ourCookies {
		if strings.EqualFold(strings.TrimSpace(name), ours) {
			return false
		}
	}
	for attribute := range strings.SplitSeq(attributes, ";") {
		name, _, _ := strings.Cut(attribute, "=")
		if strings.EqualFold(strings.TrimSpace(name), "domain") {
			return false
		}
	}
	return true
}

// outbound writes a function's header fields. On the shared host nothing can be set for
// the whole origin, on an app's own host nothing for hosts beside it; and a policy of the
// function's stands beside the one that is there already, so that both hold.
func outbound(h http.Header, fields []call.Field, own bool) {
	typed := false
	for _, field := range fields {
		name := http.CanonicalHeaderKey(field.Name)
		lower := strings.ToLower(field.Name)
		switch {
		case hopByHop[lower], notFromFunctions[lower], !own && ofTheOrigin[lower], lower == "set-cookie" && !staysHere(field.Value):
			continue
		case lower == "content-type":
			typed = typed || field.Value != ""
			h[name] = []string{field.Value}
			continue
		}
		h[name] = append(h[name], field.Value)
	}
	if !typed {
		h["Content-Type"] = untyped
	}
	h["X-Content-Type-Options"] = noSniffing
}
