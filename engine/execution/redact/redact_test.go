package redact

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSecretNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"authorization", "Authorization", "proxy-authorization", "cookie", "Set-Cookie", "x-api-key", "X-API-KEY", "apiKey", "api_key", "token",
		"access_token", "refreshToken", "x-auth-token", "password", "Passwd", "user.password", "client_secret", "clientSecret", "session", "sessionId",
		"PHPSESSION", "csrf-token", "private_key", "x-amz-signature", "key", "sig", "jwt", "credentials", "aws_access_key_id", "auth", "author-ization",
	} {
		if !Secret(name) {
			t.Errorf("%q is no secret", name)
		}
	}
	for _, name := range []string{"host", "accept", "user-agent", "content-type", "author", "authors", "name", "id", "keyboard", "email", "x-request-id", "", "pass", "footprint"} {
		if Secret(name) {
			t.Errorf("%q is a secret", name)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"http://h/a?x=1&token=abc&y=2#f": "http://h/a?x=1&token=[redacted]&y=2#f",
		"http://u:p@h/a":                 "http://[redacted]@h/a",
		"/a?":                            "/a?",
		"/a?token":                       "/a?token",
		"/a?%74oken=abc":                 "/a?%74oken=[redacted]",
		"/a?api%5Fkey=1&&b=2&":           "/a?api%5Fkey=[redacted]&&b=2&",
		"":                               "",
	} {
		if got := string(AppendURL(nil, in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, in, want string }{
		{"application/json", `{"a":1,"password":"x","b":[{"token" : 12.5e3 }]}`, `{"a":1,"password":"[redacted]","b":[{"token" : "[redacted]"}]}`},
		{"application/json", `{"secret":{"a":[1,"}"]},"b":2}`, `{"secret":"[redacted]","b":2}`},
		{"application/json", `{"secret":[1,2],"b":2}`, `{"secret":"[redacted]","b":2}`},
		{"application/json", `{"secret":null,"b":"secret"}`, `{"secret":"[redacted]","b":"secret"}`},
		{"application/json", `{"p\u0061ssword":"x"}`, `{"p\u0061ssword":"[redacted]"}`},
		{"application/json", `{"password":"cut of`, `{"password":"[redacted]"`},
		{"application/json", `{"password":{"a":"b`, `{"password":"[redacted]"`},
		{"application/json", `{"a":"\"password\":1"}`, `{"a":"\"password\":1"}`},
		{"text/plain", ` [{"token":true}]`, ` [{"token":"[redacted]"}]`},
		{"text/plain", `token: abc`, `token: abc`},
		{"application/x-www-form-urlencoded; charset=utf-8", "a=1&password=x&b=2", "a=1&password=[redacted]&b=2"},
		{
			"multipart/form-data; boundary=b",
			"--b\r\ncontent-disposition: form-data; name=\"password\"\r\n\r\nx\r\n--b\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\ny\r\n--b--\r\n",
			"--b\r\ncontent-disposition: form-data; name=\"password\"\r\n\r\n[redacted]\r\n--b\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\ny\r\n--b--\r\n",
		},
	} {
		if got := string(AppendBody(nil, c.kind, []byte(c.in))); got != c.want {
			t.Errorf("%s %s:\n%s, want\n%s", c.kind, c.in, got, c.want)
		}
	}
}

// Whatever a body holds: if it is JSON, its redacted form is too, and no secret is left.
func FuzzRedactJSON(f *testing.F) {
	f.Add(`{"password":"SECRETVALUE","b":[{"token":["SECRETVALUE"]}]}`)
	f.Add(`[[{"a":{"session":{"x":"SECRETVALUE"}}}],1,null,"x"]`)
	f.Fuzz(func(t *testing.T, text string) {
		out := string(appendJSON(nil, []byte(text)))
		if !json.Valid([]byte(text)) {
			return
		}
		if !json.Valid([]byte(out)) {
			t.Errorf("%s became %s", text, out)
		}
		if again := string(appendJSON(nil, []byte(out))); again != out {
			t.Errorf("%s: second time %s", out, again)
		}
		if strings.Contains(text, `"password":"SECRETVALUE"`) && strings.Contains(out, `"password":"SECRETVALUE"`) {
			t.Errorf("%s kept its secret", text)
		}
	})
}
