package webapi

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/dop251/goja"
)

// atob and btoa of the HTML standard, section 8.3.

func btoa(c invocation) goja.Value {
	c.need(1, "btoa")
	data := make([]byte, 0, 64)
	for _, char := range c.text(c.args[0]) {
		if char > 0xff {
			c.throw("InvalidCharacterError", "btoa: the text holds a character above U+00FF")
		}
		data = append(data, byte(char))
	}
	return c.vm.ToValue(base64.StdEncoding.EncodeToString(data))
}

func atob(c invocation) goja.Value {
	c.need(1, "atob")
	data, err := forgivingBase64(c.text(c.args[0]))
	if err != nil {
		c.throw("InvalidCharacterError", "atob: %s", err)
	}
	return c.fromBytes(string(data))
}

var errNotBase64 = errors.New("the text is not valid base64")

// forgivingBase64 is https://infra.spec.whatwg.org/#forgiving-base64-decode.
func forgivingBase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\t\n\f\r ") {
		text = strings.NewReplacer("\t", "", "\n", "", "\f", "", "\r", "", " ", "").Replace(text)
	}
	if len(text)%4 == 0 {
		text = strings.TrimSuffix(text, "=")
		if len(text)%4 == 3 {
			text = strings.TrimSuffix(text, "=")
		}
	}
	data, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, errNotBase64
	}
	return data, nil
}
