package main

import (
	"encoding/json"
	"testing"

	v1 "picloud/handlers/api/v1"
)

// pausing is a function that logs, waits and logs again.
const pausing = `export default async () => {
	console.log("before");
	await new Promise((done) => setTimeout(done, 50));
	console.log("after");
	return "rested";
}`

// A run that waited has the wait in its timeline, within its time and apart from what it executed.
func TestTimelineInTheAPI(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "slow", pausing)
	got := p.get("/fn/shop/slow")
	if got.body != "rested" {
		t.Fatalf("answer: %+v", got)
	}
	p.rows("slow", 1)
	_, body := p.api("GET", "/api/v1/apps/shop/executions", nil)
	var list v1.Executions
	if err := json.Unmarshal(body, &list); err != nil || len(list.Executions) != 1 || list.Executions[0].Timeline != nil {
		t.Fatalf("the list is %s", body)
	}
	one := p.execution(list.Executions[0].ID)
	if len(one.Timeline) != 1 || one.Timeline[0].Kind != "wait" {
		t.Fatalf("the timeline is %+v", one.Timeline)
	}
	wait := one.Timeline[0]
	if wait.Took < 49_000 || wait.Start <= 0 || wait.Start+wait.Took > one.Wall {
		t.Errorf("of %d µs it waited %d µs after %d µs", one.Wall, wait.Took, wait.Start)
	}
	first, second := one.Log[0].At.Sub(one.StartedAt).Microseconds(), one.Log[1].At.Sub(one.StartedAt).Microseconds()
	if first > wait.Start+1000 || second < wait.Start+wait.Took-1000 {
		t.Errorf("it logged after %d and %d µs, and waited from %d to %d", first, second, wait.Start, wait.Start+wait.Took)
	}
}

// The timeline of a draft is in the run panel when it has ended, what it waited for between its log
// lines before that, and the same on the page of the run.
func TestTimelineOfADraft(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	w := p.open(p.chromium())
	w.signIn()
	w.edit("shop", "greet")
	w.until(`!document.querySelector(".timeline")`)
	w.write(answers("quick"))
	w.keys("\r", control)
	w.shows("#answer .out", "quick")
	w.until(`!document.querySelector(".timeline")`)

	w.write(pausing)
	w.keys("\r", control)
	w.shows("#answer .out", "rested")
	w.until(`[...document.querySelectorAll("#lines .message")].map((m) => m.textContent.trim().replace(/\d+ ms/, "n ms")).join() === "before,→ waited n ms,after"`)
	shown := func() {
		t.Helper()
		w.shows(".timeline tr.run", "Executing")
		w.shows(".timeline tr.wait", "Waiting")
		w.shows(".timeline tr.log", "2 lines")
		w.until(`document.querySelectorAll(".timeline tr").length === 4 && document.querySelector(".timeline .wait rect").getBoundingClientRect().width > 10`)
		w.until(`(() => { // the wait lies between the two lines, and executing on both sides of it
			const [run, wait] = [".run", ".wait"].map((row) => [...document.querySelectorAll(".timeline " + row + " rect")].map((r) => [r.x.baseVal.value, r.x.baseVal.value + r.width.baseVal.value]));
			const lines = [...document.querySelector(".timeline .tick").getAttribute("d").matchAll(/M([\d.]+)/g)].map((m) => Number(m[1]));
			return run.length === 2 && wait.length === 1 && lines.length === 2 && run[0][1] <= wait[0][0] + 3 && wait[0][1] <= run[1][0] + 3 && lines[0] <= wait[0][0] + 20 && wait[0][1] <= lines[1] + 20;
		})()`)
	}
	shown()
	page, err := evaluate[string](w, `document.querySelector("#answer .limits-part a").pathname`)
	if err != nil {
		t.Fatal(err)
	}
	p.rows("greet", 2)
	w.press("The run")
	w.until(`location.pathname === ` + quoted(page))
	w.shows("h2", "Timeline")
	shown()
	w.do(w.dressed("dark", 360, 740))
	w.until(`innerWidth === 360 && document.documentElement.scrollWidth <= 360 && document.querySelector(".timeline .lane svg").getBoundingClientRect().width > 250`)
	shown()
}
