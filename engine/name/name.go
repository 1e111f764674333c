// Package name is the rule for the words that stand in addresses: slugs of apps and names
// of scripts. It holds the one list of reserved words and guarantees that what passes can
// stand in a path and in a host name.
package name

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Max is the longest name, in characters: a label of a host name (RFC 1035, section 2.3.4).
const Max = 63

// Rule is what Check checks, for people who are about to choose a name.
const Rule = "1 to 63 of a-z, 0-9 and \"-\"; the first is a letter or a digit."

// Check says what is wrong with a name, in a sentence that names the value and the rule;
// "" is nothing.
func Check(name string) string {
	switch {
	case name == "":
		return "A name is needed: 1 to 63 of a-z, 0-9 and \"-\"."
	case len(name) > Max:
		return fmt.Sprintf("%.20q… has %d characters; the limit is %d.", name, len([]rune(name)), Max)
	case name[0] == '-':
		return fmt.Sprintf("%q begins with \"-\"; it must begin with a-z or 0-9.", name)
	case strings.HasPrefix(name, "xn--"):
		return fmt.Sprintf("%q begins with \"xn--\", which host names keep for other alphabets.", name)
	}
	for _, r := range name {
		if !allowed(r) {
			return fmt.Sprintf("%q has %q; allowed are a-z, 0-9 and \"-\".", name, r)
		}
	}
	if reserved(name) {
		return fmt.Sprintf("%q is a reserved word; choose another name.", name)
	}
	return ""
}

func allowed(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' }

// reserved is THE list of words that addresses of the platform use or may come to use.
func reserved(name string) bool {
	switch name {
	case "api", "fn", "static", "assets", "apps", "app", "scripts", "login", "logout", "signin", "signout", "sign-in",
		"sign-out", "setup", "set-up", "profile", "settings", "account", "users", "keys", "tokens", "sessions",
		"healthz", "readyz", "livez", "version", "versions", "metrics", "debug", "live", "preview", "draft", "search",
		"admin", "dashboard", "docs", "help", "internal", "system", "picloud", "new", "edit", "runs", "executions", "logs",
		"events", "www", "localhost", "mail", "well-known", "robots", "favicon":
		return true
	}
	return false
}

// Derive makes a name of a title: marks stripped (Unicode NFKD), ß as ss, lower case, each
// run of anything else one "-". "" when nothing is left.
func Derive(title string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(strings.ToLower(title)) {
		if b.Len() >= Max {
			break
		}
		switch {
		case unicode.Is(unicode.Mn, r):
			continue
		case r == '-' || !allowed(r) && letters(r) == "":
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		if allowed(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(letters(r))
		}
	}
	derived := b.String()
	return strings.TrimRight(derived[:min(len(derived), Max)], "-")
}

// letters spells letters that have no decomposition.
func letters(r rune) string {
	switch r {
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'ø':
		return "o"
	case 'ł':
		return "l"
	case 'đ', 'ð':
		return "d"
	case 'þ':
		return "th"
	case 'ı':
		return "i"
	}
	return ""
}
