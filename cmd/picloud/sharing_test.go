package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestStoryOfSharing plays in Chromium what functions do with each other and with the world: a module
// with a secret in what it calls, an endpoint that uses it, a service on this machine that the owner
// opens, and the run in whose timeline the call is.
func TestStoryOfSharing(t *testing.T) {
	t.Parallel()
	const token = "a-token-of-the-rates"
	rates := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(`{"usd": 1.25}`))
	}))
	t.Cleanup(rates.Close)
	host := strings.TrimPrefix(rates.URL, "http://")

	p := serveProduct(t)
	p.app("shop")
	w := p.open(p.chromium())
	w.signIn()
	w.visit("/apps/shop")
	w.press("New script")
	w.press("A module")
	w.fill("Name", "rates")
	w.shows(".field .hint", `"app:rates"`) // what is said of the name moves what is below it
	w.press("Create and publish")
	w.shows("h1", "rates")
	w.shows(".head .state", "Live v1")
	w.write(`import { env } from "picloud";

/** What a euro is in dollars. */
export async function dollars(): Promise<number> {
  const answer = await fetch("` + rates.URL + `/latest", { headers: { authorization: "Bearer " + env.RATES_TOKEN } });
  return (await answer.json()).usd;
}
`)
	w.publishOf("rates", "v2", "Asks the service")

	w.visit("/apps/shop/scripts/new")
	w.fill("Name", "convert")
	w.shows(".field .hint", "/fn/shop/convert")
	w.press("Create and publish")
	w.shows("h1", "convert")
	w.write(`import { dollars } from "app:rates";
export default async () => ({ dollars: 4 * await dollars() });
`)
	w.publishOf("convert", "v2", "Takes euros")
	if got := p.get("/fn/shop/convert"); got.status != http.StatusInternalServerError {
		t.Errorf("without a list: %d %s", got.status, got.body)
	}

	w.press("Variables")
	w.fill("Name", "RATES_TOKEN")
	w.fill("Value", token)
	w.press("Secret sealed")
	w.press("Add")
	w.shows("main .banner", "RATES_TOKEN is set.")
	w.press("Network")
	w.fill("Private hosts", host)
	w.press("Save")
	w.shows("main .banner", "Saved")
	w.clean()

	got := p.get("/fn/shop/convert")
	if got.status != http.StatusOK || got.body != `{"dollars":5}` {
		t.Fatalf("%d %s", got.status, got.body)
	}
	p.rows("convert", 2)
	w.visit("/apps/shop/runs/" + got.header.Get("X-Execution-Id"))
	w.shows(".timeline", host)
	w.shows(".timeline", "GET")
	if strings.Contains(w.seen(), token) {
		t.Error("the secret is on the page of the run")
	}
	w.visit("/apps/shop/scripts/rates")
	w.shows("main", "convert")
	w.clean()
}
