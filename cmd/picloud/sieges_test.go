package main

import (
	"testing"
	"time"
)

// hang ignores its deadline: nothing can stop it but the end of its process.
const hang = `export default () => {
	const name = ["ind", "exOf"].join("");
	(Array.prototype as any)[name].call({ length: 2 ** 53 - 1 }, 1);
}`

// overflows ends its process: the depth of native calls is unlimited.
const overflows = `export default () => { const o: any = {}; o.toString = "".trim; return "" + o; }`

// large answers ten megabytes.
const large = `export default () => "x".repeat(1e7);`

// chatter logs as much as a run may: 250 KiB.
const (
	chatter = `export default () => { for (let n = 0; n < 250; n++) console.log("x".repeat(1000)); return "logged"; }`
	// works executes for some milliseconds, fills some memory and waits a little.
	works = `export default async (request: Request) => {
	const kept = [];
	for (const end = performance.now() + 10; performance.now() < end;) kept.push({});
	await new Promise((done) => setTimeout(done, 50));
	return new Response("right " + new URL(request.url).searchParams.get("n"));
};`
)

// TestSieges goes through the sieges, one after the other: they are timed.
func TestSieges(t *testing.T) {
	for _, s := range []siege{
		{
			name: "the worker is killed", alone: true,
			harm:  []harm{killWorkers, killWorkers, killWorkers, killWorkers, killWorkers},
			holds: bounds{failed: unbounded, gap: 500 * time.Millisecond, pages: 5, counted: true},
		},
		{
			name: "the manager is killed, then everything", answers: 500,
			harm:  []harm{killManager, killAll},
			holds: bounds{failed: unbounded, refused: unbounded, pages: unbounded},
		},
		{
			name: "a run ignores its deadline", flags: []string{"--cpu-limit", "200ms", "--wall-limit", "1s"},
			evil:       map[string]string{"hang": hang},
			neighbours: 2, pace: 2 * time.Millisecond,
			attackers: []*attackers{{count: 1, path: "/fn/evil/hang", how: calls, tries: 1, status: 504, within: 2 * time.Second, outcome: "killed"}},
			holds:     bounds{gap: 500 * time.Millisecond, replaced: true},
		},
		{
			name:       "a caller goes away",
			evil:       map[string]string{"waits": `export default () => new Promise((done) => setTimeout(() => done("late"), 20000));`},
			neighbours: 2, pace: 2 * time.Millisecond,
			attackers: []*attackers{{count: 1, path: "/fn/evil/waits", how: leaves, tries: 1, outcome: "cancelled"}},
		},
		{
			name: "a storm of crashes", alone: true,
			evil:       map[string]string{"overflows": overflows},
			neighbours: 2, pace: 2 * time.Millisecond, answers: 1000, deaths: 3, setAside: true,
			attackers: []*attackers{{count: 4, path: "/fn/evil/overflows", how: calls}},
			holds:     bounds{failed: 100, gap: 10 * time.Second, pages: 6},
		},
		{
			name:       "bodies are sent slowly",
			evil:       map[string]string{"size": `export default async (request: Request) => String((await request.bytes()).length);`},
			neighbours: 2, pace: 10 * time.Millisecond, body: 900_000, answers: 300,
			attackers: []*attackers{{count: 100, path: "/fn/evil/size", how: sendsSlowly, atOnce: 12}},
			holds:     bounds{gap: time.Second, memory: 224 << 20},
		},
		{
			name:    "answers are not read",
			evil:    map[string]string{"large": large, "long": large},
			visited: works, answers: 400,
			attackers: []*attackers{
				{count: 60, path: "/fn/evil/large", how: readsNothing},
				{count: 20, path: "/fn/evil/long", how: readsSlowly},
			},
			holds: bounds{gap: time.Second, memory: 400 << 20},
		},
		{
			name: "another app sleeps on large buffers",
			evil: map[string]string{"hoards": `export default () => {
				const kept = new Uint8Array(60_000_000);
				return new Promise((done) => setTimeout(() => done(String(kept.length)), 5000));
			}`},
			neighbours: 4, pace: 5 * time.Millisecond, answers: 1000,
			attackers: []*attackers{{count: 30, path: "/fn/evil/hoards", how: calls}},
			holds:     bounds{gap: time.Second, memory: 384 << 20 * 3 / 2},
		},
		{
			name:       "another app fills the heap",
			evil:       map[string]string{"fills": `export default () => { const kept: unknown[] = []; for (;;) kept.push({ n: "x" + kept.length }); }`},
			flags:      []string{"--cpu-limit", "25s"},
			neighbours: 4, pace: 5 * time.Millisecond, answers: 1000,
			attackers: []*attackers{{count: 4, path: "/fn/evil/fills", how: calls}},
			holds:     bounds{gap: 2 * time.Second, memory: 384 << 20 * 3 / 2},
		},
		{
			name:       "another app logs more than the ring holds",
			flags:      []string{"--ring-size", "4MiB", "--max-running", "32"},
			evil:       map[string]string{"chatter": chatter},
			neighbours: 4, pace: 2 * time.Millisecond, answers: 1500, leftOut: "Log (250 lines) and messages not kept",
			attackers: []*attackers{{count: 16, path: "/fn/evil/chatter", how: calls}},
		},
		{
			name:       "another app fills the history",
			flags:      []string{"--retention-size", "64MiB"},
			evil:       map[string]string{"chatter": chatter},
			neighbours: 2, pace: 5 * time.Millisecond, answers: 500, counted: true,
			attackers: []*attackers{{count: 8, path: "/fn/evil/chatter", how: calls}},
		},
		{
			name:       "more is called than may run",
			flags:      []string{"--max-running", "8", "--max-waiting", "0"},
			evil:       map[string]string{"waits": `export default () => new Promise((done) => setTimeout(() => done("late"), 1000));`},
			neighbours: 2, pace: 5 * time.Millisecond, answers: 500, counted: true,
			attackers: []*attackers{{count: 60, path: "/fn/evil/waits", how: calls}},
		},
		{
			name:       "connections stay idle",
			neighbours: 2, pace: 2 * time.Millisecond, fresh: true, answers: 2000,
			attackers: []*attackers{{count: 8192, how: staysIdle, atOnce: 4096}},
			holds:     bounds{gap: time.Second, memory: 224 << 20},
		},
	} {
		t.Run(s.name, s.run)
	}
}

// A frozen worker is found out by its silence, which takes its time; nothing else is timed.
func TestFrozenWorker(t *testing.T) {
	t.Parallel()
	siege{
		alone:      true,
		neighbours: 2, pace: 5 * time.Millisecond, patience: time.Minute,
		harm:  []harm{freezeWorkers},
		holds: bounds{failed: unbounded, gap: 30 * time.Second, pages: unbounded, replaced: true},
	}.run(t)
}
