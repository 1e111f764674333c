package webapi

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// FuzzSplit: the short way for plain addresses gives what the parser gives.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{
		"http://a", "http://a?b#c", "https://a-b.c:81/d/e?f=g#h", "http://127.0.0.1:8080/", "http://a/?", "http://a/#", "http://a?#", "http://a/..", "http://1.2.3.4/",
		"https://a:443/", "http://a:80", "http://a:0", "http://0/", "http://a.0x1/", "http://xn--a/", "http://a--b/", "http://a./", "http://a..b/", "http://a^/", "http://a/^|", "http://256.1.1.1/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := split(text)
		if !ok {
			return
		}
		parsed, err := whatwg.Parse(text)
		if err != nil {
			t.Fatalf("%q: split %+v, parser %v", text, got, err)
		}
		if want := record(parsed); *got != *want {
			t.Fatalf("%q:\nsplit  %+v\nparser %+v", text, got, want)
		}
	})
}

// FuzzURL: serializing is stable, and a changed query stays readable.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{"http://a/b?c#d", "mailto:x?y", "file:///C|/x", "foo://b/..", "http://ü/ä?ö#ß", "data:,x  #", "blob:http://a/", "web+x:/.//p"} {
		f.Add(seed, "q=1")
	}
	f.Fuzz(func(t *testing.T, text, query string) {
		u, err := parseURL(text, nil)
		if err != nil || !utf8.ValidString(text) || !utf8.ValidString(query) {
			return
		}
		again, err := parseURL(u.href, nil)
		if err != nil {
			t.Skip("the parser does not read its own " + u.href)
		}
		_ = again.origin()
		if strings.ContainsAny(query, "#") {
			return
		}
		want := encodeForm([]param{{query, query}})
		again.setQuery(want)
		if again.search != "?"+want || !strings.Contains(again.href, again.search) {
			t.Fatalf("%q: %q in %q", want, again.search, again.href)
		}
	})
}

// FuzzForm: parsing what was serialized gives the same list.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"a=b&c=d", "&&=&a", "%zz%4=+%20", "\xff=%FF", "a=b=c", "%EF%BB%BF"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseForm(text)
		if err != nil {
			return
		}
		again, err := parseForm(encodeForm(list))
		if err != nil || !slices.Equal(list, again) {
			t.Fatalf("%q: %q, then %q %v", text, list, again, err)
		}
		for _, p := range list {
			if !utf8.ValidString(p.name) || !utf8.ValidString(p.value) {
				t.Fatalf("%q: %q", text, p)
			}
		}
	})
}

// FuzzBase64 compares with the standard library where both must agree.
func FuzzBase64(f *testing.F) {
	for _, seed := range []string{"Zg==", "Zg", "Z g = =", "====", "a===", "YWI=", "\xff", "ab\vc"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		data, err := forgivingBase64(text)
		if want, strict := base64.StdEncoding.DecodeString(text); strict == nil && (err != nil || !bytes.Equal(data, want)) {
			t.Fatalf("%q: %q %v, want %q", text, data, err, want)
		}
		if err != nil {
			return
		}
		again, err := forgivingBase64(base64.StdEncoding.EncodeToString(data))
		if err != nil || !bytes.Equal(data, again) {
			t.Fatalf("%q: %q, then %q %v", text, data, again, err)
		}
	})
}

// FuzzMultipart: whatever is read can be written and read again.
func FuzzMultipart(f *testing.F) {
	f.Add([]byte("--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--X--"), "X")
	f.Add([]byte("--X\r\nContent-Disposition: form-data; name=a; filename=\"b\\\"c%22\"\r\nContent-Type: t/x\r\n\r\n\r\n--X\r\n--X--"), "X")
	f.Add([]byte("p\r\n--X \t\r\n:\r\n\r\n--X--"), "X")
	f.Fuzz(func(t *testing.T, data []byte, boundary string) {
		parts, err := parseMultipart(data, boundary)
		if err != nil {
			return
		}
		form := &formData{}
		for _, p := range parts {
			e := entry{name: lines(p.name), text: lines(decodeUTF8(p.data))}
			if p.isFile {
				e = entry{name: lines(p.name), blob: &blob{data: p.data, isFile: true, name: p.filename, kind: "a/b"}}
			}
			form.list = append(form.list, e)
		}
		written, with := form.encode()
		again, err := parseMultipart(written, with)
		if err != nil || len(again) != len(parts) {
			t.Fatalf("%q: %v\n%q", data, err, written)
		}
		for i, p := range again {
			e := form.list[i]
			if p.name != e.name || p.isFile != (e.blob != nil) || e.blob != nil && !bytes.Equal(p.data, e.blob.data) || e.blob == nil && string(p.data) != e.text {
				t.Fatalf("part %d of %q: %+v, %+v", i, data, p, e)
			}
		}
	})
}
