package dashboard_test

import (
	"strings"
	"testing"
	"time"

	"picloud/engine/call"
)

// What machines read of GET /readyz stands on the overviews too.
func TestOverviewsWarn(t *testing.T) {
	t.Parallel()
	s := open(t)
	overviews := []string{"/apps", "/apps/shop", "/apps/shop/runs", "/apps/shop/scripts/hello/runs"}
	for _, page := range overviews {
		if got := s.get(page); strings.Contains(got.body, "banner warn") {
			t.Errorf("%s warns of nothing", page)
		}
	}
	s.warning = "The disk with the data folder is almost full."
	for _, page := range overviews {
		s.sees(s.get(page), 200, `<p class="banner warn">The disk with the data folder is almost full.</p>`)
	}
}

// An app that is over its share says so, and each run says what was not kept of it, and why.
func TestPagesOfAnAppOverItsShare(t *testing.T) {
	t.Parallel()
	s := open(t)
	shop, hello := s.find("shop", "hello")
	use := func(bytes int64) {
		_, err := s.pool.Exec(t.Context(), `INSERT INTO run_counts (app_id, script_id, hour, runs, failures, wall_us, cpu_us, wall_us_max, bytes)
			VALUES ($1, $1, date_trunc('hour', now()), 0, 0, 0, 0, 0, $2) ON CONFLICT (app_id, script_id, hour) DO UPDATE SET bytes = $2`, shop.ID, bytes)
		s.must(err)
	}
	const why = "This app is over its share of the history, 512 MiB a day: "
	for bytes, text := range map[int64]string{
		appShare:         why + "requests and answers of new runs are not kept.",
		appShare * 4 / 3: why + "requests, answers and logs of new runs are not kept.",
		appShare * 2:     why + "new runs that succeed are only counted",
	} {
		use(bytes)
		s.sees(s.get("/apps/shop"), 200, text)
		s.sees(s.get("/apps/shop/runs"), 200, text)
	}
	use(appShare * 4 / 3)
	run, busy := runOf(shop, hello, "/anna"), runOf(shop, hello, "/berta")
	run.Lines = []call.Line{{At: time.Now(), Level: call.Info, Message: "one"}, {At: time.Now(), Level: call.Info, Message: "two"}}
	busy.Outcome, busy.Status, busy.Failure, busy.Others, busy.Request = call.Busy, 503, &call.Failure{Message: "Too many."}, 12345, nil
	s.record(run, busy)
	s.sees(s.get("/apps/shop/runs/"+run.Execution.String()), 200,
		"2 lines not kept: this app was over its share of the history, 512 MiB a day.", "Not kept: this app was over its share of the history, 512 MiB a day.")
	s.sees(s.get("/apps/shop/runs"), 200, "2 lines, not kept", "and 12,345 more in this minute")
	s.sees(s.get("/apps/shop/runs/"+busy.Execution.String()), 200, "And 12,345 more in this minute")
	s.sees(s.get("/apps/shop"), 200, "12,347 runs")
}
