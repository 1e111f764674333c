package main

import "testing"

// TestVariables adds, lists, changes and deletes what functions are configured with, and pastes a
// whole file of it.
func TestVariables(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	w := p.open(p.chromium())
	w.signIn()
	w.keepValues()
}

// TestVariablesWithoutJavaScript does the same with plain pages.
func TestVariablesWithoutJavaScript(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	w := p.open(p.chromium())
	w.withoutScripts()
	w.signIn()
	w.keepValues()
}

const hush = "hush-hush-1234567"

// hides waits for a page that does not hold the secret anywhere.
func (w *window) hides() {
	w.t.Helper()
	w.until(`document.readyState === "complete" && !document.documentElement.outerHTML.includes("` + hush + `")`)
}

func (w *window) keepValues() {
	w.t.Helper()
	w.visit("/apps/shop")
	w.press("Variables")
	w.shows("h2", "Nothing is set yet")
	w.addValues()
	w.changeValues()
	w.pasteValues()
	w.clean()
}

func (w *window) addValues() {
	w.t.Helper()
	w.fill("Name", "GREETING")
	w.fill("Value", "Hello\nWorld")
	w.press("Add")
	w.shows("main .banner", "GREETING is set.")
	w.shows("td.value", "Hello … all 11 B")
	w.fill("Name", "PAYMENT_TOKEN")
	w.fill("Value", hush)
	w.press("Secret sealed")
	w.press("Add")
	w.shows("main .banner", "PAYMENT_TOKEN is set.")
	w.shows("td.value", "•••••• 17 B")
	w.hides()
	w.fill("Name", "GREETING")
	w.fill("Value", "Hi")
	w.choose("script", "greet only")
	w.press("Add")
	w.shows("td", "Hi")

	w.expect("status of 409")
	w.fill("Name", "PAYMENT_TOKEN")
	w.fill("Value", hush)
	w.press("Secret sealed")
	w.press("Add")
	w.shows(".fault", "There is a secret PAYMENT_TOKEN already")
	w.hides()
}

func (w *window) changeValues() {
	w.t.Helper()
	w.press("Change GREETING")
	w.shows("h1", "GREETING")
	w.until(`document.getElementById("f-value").value === "Hello\nWorld"`)
	w.fill("Value", "Good day")
	w.press("Save")
	w.shows("main .banner", "GREETING is changed.")
	w.shows("td.value", "Good day")
	w.press("Change PAYMENT_TOKEN")
	w.hides()
	w.until(`document.getElementById("f-value").value === ""`)
	w.fill("New value", hush+"8")
	w.press("Save")
	w.shows("td.value", "•••••• 18 B")
	w.hides()
	w.press("Delete GREETING of greet…")
	w.shows("p", "greet gets the app's value of that name then")
	w.press("Delete GREETING")
	w.shows("main .banner", "GREETING is deleted.")
	w.visit("/apps/shop/scripts/greet/settings")
	w.press("Values of its own")
	w.shows("main p", "What greet gets")
	w.shows("td.value", "Good day")
}

func (w *window) pasteValues() {
	w.t.Helper()
	w.visit("/apps/shop/variables")
	w.press("Paste a .env file…")
	w.shows("h1", "Paste a .env file")
	w.expect("status of 422")
	w.fill("Text", "GREETING=Hello\nnothing")
	w.press("Show what changes")
	w.shows(".fault", "Line 2: there is no")
	w.fill("Text", "GREETING='Good evening'\nPAYMENT_TOKEN="+hush+"\nexport API_KEY="+hush+" # new\nCOLOUR=blue\nPIN=1234\n")
	w.press("Show what changes")
	w.shows("main .lead", "3 are new; 1 is changed; 1 is set again")
	w.until(`document.querySelector("[name=secret][value=API_KEY]").checked && !document.querySelector("[name=secret][value=COLOUR]").checked`)
	w.until(`(document.querySelector("[name=secret][value=PIN]").checked = true)`)
	w.press("Set 5 values")
	w.shows("main .banner", "5 values are set.")
	w.hides()
	for name, kind := range map[string]string{"API_KEY": "secret", "COLOUR": "variable", "PIN": "secret", "GREETING": "variable", "PAYMENT_TOKEN": "secret"} {
		w.shows("td.name", name+" "+kind)
	}
	w.shows("td.value", "Good evening")
}
