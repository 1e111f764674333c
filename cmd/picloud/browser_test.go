package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// browser is a signed-in person without JavaScript.
type browser struct {
	t      *testing.T
	p      *product
	client *http.Client
}

func (p *product) signIn() *browser {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	b := &browser{t: p.t, p: p, client: &http.Client{Jar: jar, Timeout: 60 * time.Second}}
	b.post("/login", "email", ownerEmail, "password", ownerPassword)
	return b
}

// post sends a form as a browser would and follows to the page behind it.
func (b *browser) post(path string, fields ...string) string {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	request, err := http.NewRequest("POST", b.p.url(path), strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", "http://"+b.p.address)
	request.Header.Set("Accept", "text/html")
	return b.do(request)
}

func (b *browser) do(request *http.Request) string {
	b.t.Helper()
	answer, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		b.t.Fatalf("%s %s: %s: %.500s", request.Method, request.URL.Path, answer.Status, text)
	}
	return string(text)
}

// rawGet sends a request target that no client library would, and gives the body.
func (p *product) rawGet(target, host string) string {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n"); err != nil {
		p.t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}
