package views_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"picloud/views"
	"picloud/views/paths"
)

// counter publishes the module of the samples: it says who builds once it is told to, and gives on
// what was sent.
type counter struct {
	*desk
	built chan struct{}
	sent  chan url.Values
}

func (c counter) pages(t *testing.T) http.Handler {
	mux, publish := http.NewServeMux(), paths.Publish("shop", "pricing")
	mux.HandleFunc("GET /apps/shop/scripts/greet/publish", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/sample/publish-module-asking", http.StatusFound)
	})
	mux.HandleFunc("GET "+publish, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-c.built:
		case <-r.Context().Done():
		}
		_ = views.FollowersPart(views.FollowersProps{Module: views.ScriptHead{App: "shop", Name: "pricing"}, Next: 4, Rows: []views.FollowerRow{
			{Name: "museum", Version: 2, Has: 3, Direct: true, Problems: []views.Problem{{Line: 1, Column: 10, Message: "app:pricing has no old."}}},
			{Name: "checkout", Version: 7, Has: 3, Direct: true, Chosen: true},
			{Name: "greet", Version: 12, Has: 3, Chosen: true},
		}}, "Publish v4").Render(r.Context(), w)
	})
	mux.HandleFunc("POST "+publish, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		c.sent <- r.PostForm
		if r.Header.Get("HX-Request") == "" {
			http.Redirect(w, r, "/sample/script-start", http.StatusSeeOther)
			return
		}
		w.Header().Set("HX-Trigger", `{"published":{"version":4,"notice":"v4 is live. checkout v8 follows."}}`)
		_ = views.Published(views.Frame{App: &views.AppFrame{Slug: "shop", Name: "Shop"}}, views.ScriptHead{App: "shop", Name: "greet", Live: &views.Live{Number: 4}}).Render(r.Context(), w)
	})
	mux.Handle("/", c.ServeHTTP(built(t)))
	return mux
}

// received is what was sent, within the patience of a test.
func (c counter) received(t *testing.T) url.Values {
	t.Helper()
	select {
	case values := <-c.sent:
		return values
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was sent")
		return nil
	}
}

func newCounter() counter {
	return counter{&desk{revision: 41}, make(chan struct{}), make(chan url.Values, 9)}
}

// TestPublishingAModule: the dialog is there at once, tells who builds as soon as it knows, and
// publishes with those that were chosen.
func TestPublishingAModule(t *testing.T) {
	t.Parallel()
	c := newCounter()
	ctx := visit(t, c.pages(t), "/sample/script-start")
	until(ctx, t, `document.querySelector(".cm-content")`)
	do(ctx, t, chromedp.KeyEvent("P", chromedp.KeyModifiers(chromedp.ModifierCtrl, chromedp.ModifierShift)))
	until(ctx, t, `document.querySelector("dialog[open] input[name=note]") === document.activeElement`)
	until(ctx, t, `document.getElementById("followers-said").textContent === "Building 3 scripts with it, to see who can follow…" && document.querySelector("#followers[aria-busy=true]")`)
	do(ctx, t, chromedp.KeyEvent("cheaper\r")) // Enter waits for who follows, too
	until(ctx, t, `document.querySelector("#go").disabled && document.querySelector("dialog input[name=note]").value === "cheaper" && !document.querySelector("[name=follow]")`)

	close(c.built)
	until(ctx, t, `document.getElementById("followers-said").textContent === "2 build with it, 1 does not build and stays as it is." && document.querySelector("#followers[aria-busy=false]") && !document.querySelector("#go").disabled`)
	until(ctx, t, `document.activeElement.matches("input[name=note]") && document.activeElement.value === "cheaper"`)
	until(ctx, t, `document.querySelector("#followers li").textContent.includes("app:pricing has no old.") && document.querySelector("#followers li input").disabled && document.querySelector("#followers a.mono").getAttribute("href") === "/apps/shop/scripts/museum#L1:10"`)
	// One of two is left out, by the keyboard.
	do(ctx, t, chromedp.Focus("[name=follow][value=greet]"), chromedp.KeyEvent(" "))
	until(ctx, t, `!document.querySelector("[name=follow][value=greet]").checked && document.querySelector("[name=follow][value=checkout]").checked`)
	select {
	case early := <-c.sent:
		t.Fatalf("it was published before it was known who follows: %v", early)
	default:
	}
	do(ctx, t, chromedp.Focus("#go"), chromedp.KeyEvent("\r"))
	sent := c.received(t)
	if !slices.Equal(sent["follow"], []string{"checkout"}) || !slices.Equal(sent["offered"], []string{"checkout", "greet"}) || sent.Get("note") != "cheaper" || sent.Get("revision") != "41" || sent.Get("if_version") != "3" {
		t.Errorf("sent %v", sent)
	}
	until(ctx, t, `!document.querySelector("dialog[open]") && document.getElementById("say").textContent === "v4 is live. checkout v8 follows." && document.getElementById("live").textContent.includes("Live v4") && faults.length === 0`)
}

// TestPublishingAModuleWithoutJavaScript: the page knows at once who builds.
func TestPublishingAModuleWithoutJavaScript(t *testing.T) {
	t.Parallel()
	c := newCounter()
	ctx := visit(t, c.pages(t), "/sample/script-start")
	do(ctx, t, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	address, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.origin`))
	if err != nil {
		t.Fatal(err)
	}
	do(ctx, t, chromedp.Navigate(address+"/sample/publish-module"), chromedp.WaitReady("#go"))
	seen, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.getElementById("followers-said").textContent + " " + document.querySelectorAll("[name=follow]:checked").length + " " + document.querySelectorAll("#followers input:disabled").length + " " + document.getElementById("go").disabled`))
	if err != nil || seen != "3 build with it, 1 does not build and stays as it is, 1 has it already, 1 is pinned. 2 1 false" {
		t.Errorf("%q, %v", seen, err)
	}
	press(ctx, t, "[name=follow][value=greet]")
	press(ctx, t, "#go")
	sent := c.received(t)
	if !slices.Equal(sent["follow"], []string{"checkout"}) || len(sent["offered"]) != 3 || slices.ContainsFunc(sent["offered"], func(name string) bool { return strings.Contains(name, "museum") }) {
		t.Errorf("sent %v", sent)
	}
	do(ctx, t, chromedp.WaitReady("#edit"))
}
