package webapi

import "strings"

// split takes an http or https address apart that the parser would leave as it is, but for
// a missing "/": lower-case plain host name or IPv4 address, no user, no default port, no
// dot segments, nothing to escape. ok is false for everything else.
func split(text string) (u *urlState, ok bool) {
	rest, secure := text, false
	switch {
	case strings.HasPrefix(text, "https://"):
		rest, secure = text[len("https://"):], true
	case strings.HasPrefix(text, "http://"):
		rest = text[len("http://"):]
	default:
		return nil, false
	}
	u = &urlState{href: text, protocol: "http:"}
	if secure {
		u.protocol = "https:"
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if !u.splitHost(rest[:end], secure) {
		return nil, false
	}
	rest = rest[end:]
	at := len(text) - len(rest)
	if before, after, found := strings.Cut(rest, "#"); found {
		if !plain(after, "\"<>`") {
			return nil, false
		}
		rest = before
		if after != "" {
			u.hash = "#" + after
		}
	}
	path, query, _ := strings.Cut(rest, "?")
	if !plain(query, "\"<>'") || !plain(path, "\"<>`{}^\\|") || hasDots(path) {
		return nil, false
	}
	if query != "" {
		u.search = "?" + query
	}
	u.pathname = path
	if path == "" {
		u.pathname = "/"
		u.href = text[:at] + "/" + text[at:]
	}
	return u, true
}

// splitHost reads "host" or "host:port".
func (u *urlState) splitHost(authority string, secure bool) bool {
	host, port, hasPort := strings.Cut(authority, ":")
	if hasPort && !isPlainPort(port, secure) {
		return false
	}
	u.hostname, u.port = host, port
	return isPlainName(host) || isPlainIPv4(host)
}

func isPlainPort(port string, secure bool) bool {
	if port == "" || len(port) > 4 || port[0] == '0' || port == "80" && !secure || port == "443" && secure {
		return false
	}
	return onlyDigits(port)
}

func onlyDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

// isPlainName accepts labels of a-z, 0-9 and single inner hyphens; the last begins with a
// letter, so that the name is no IPv4 number.
func isPlainName(host string) bool {
	start := 0
	for i := range len(host) {
		c := host[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
		case c == '-':
			if i == start || i+1 == len(host) || host[i+1] == '-' || host[i+1] == '.' {
				return false
			}
		case c == '.':
			if i == start {
				return false
			}
			start = i + 1
		default:
			return false
		}
	}
	return start < len(host) && len(host) <= 253 && host[start] >= 'a'
}

func isPlainIPv4(host string) bool {
	parts := strings.Split(host, ".")
	if len(parts) != 4 || len(host) > 15 {
		return false
	}
	for _, part := range parts {
		if !onlyDigits(part) || len(part) > 3 || len(part) > 1 && part[0] == '0' || len(part) == 3 && part > "255" {
			return false
		}
	}
	return true
}

// plain tells that nothing would be escaped or removed.
func plain(text, except string) bool {
	for i := range len(text) {
		c := text[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(except, c) >= 0 {
			return false
		}
	}
	return true
}

// hasDots finds what may be a dot segment.
func hasDots(path string) bool {
	return strings.Contains(path, "/.") || strings.Contains(path, "%2e") || strings.Contains(path, "%2E")
}
