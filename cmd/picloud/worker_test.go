package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWorkerIsConfined: whatever runs in it opens no file but its own; what that means is
// tried in engine/account.
func TestWorkerIsConfined(t *testing.T) {
	t.Parallel()
	p := serveProduct(t, "--log-level", "debug")
	if text := p.log.String(); !strings.Contains(text, "worker's files") || !strings.Contains(text, "confined=true") {
		t.Errorf("the log says:\n%s", text)
	}
}

// TestUnreachableManager: programs are answered in their own form.
func TestUnreachableManager(t *testing.T) {
	t.Parallel()
	dashboard := toManager(filepath.Join(t.TempDir(), "none.sock"))
	for path, kind := range map[string]string{"/api/v1/apps": "application/problem+json", "/apps": "text/plain; charset=utf-8"} {
		answer := httptest.NewRecorder()
		dashboard.ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
		if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Content-Type") != kind || !strings.Contains(answer.Body.String(), "not reachable") {
			t.Errorf("%s: %d %v %s", path, answer.Code, answer.Header(), answer.Body)
		}
	}
}

// TestTooLargeIsSaid: a client that asks before it sends a body was often told that the
// dashboard is not reachable.
func TestTooLargeIsSaid(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: 5 * time.Second, DisableKeepAlives: true}}
	body := bytes.Repeat([]byte("x"), 8<<20)
	for range 20 {
		request, err := http.NewRequest("PUT", p.url("/api/v1/apps/main/scripts/large"), bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+p.key)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Expect", "100-continue")
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%d %s", answer.StatusCode, text)
		}
	}
}
