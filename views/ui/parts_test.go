package ui_test

import (
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"picloud/views/ui"
)

func drawn(t *testing.T, part templ.Component) string {
	t.Helper()
	var text strings.Builder
	if err := part.Render(t.Context(), &text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// TestClocksTellAnotherDay: a list that reaches back over midnight says on which day a run was.
func TestClocksTellAnotherDay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 0, 5, 0, 0, time.UTC)
	for ago, want := range map[time.Duration]string{time.Minute: ">00:04:00<", 6 * time.Minute: ">23 Nov 23:59:00<", 366 * 24 * time.Hour: ">23 Nov 00:05:00<", 365 * 24 * time.Hour: ">24 Nov 00:05:00<"} {
		if got := drawn(t, ui.Clock(now, now.Add(-ago))); !strings.Contains(got, want) {
			t.Errorf("%v ago: %s has no %s", ago, got, want)
		}
	}
	for span, want := range map[time.Duration][]string{
		4 * time.Minute:   {">00:01:00<", ">00:05:00<"},
		20 * time.Minute:  {">23 Nov 23:45<", ">23:50<", ">00:05<"},
		240 * time.Minute: {">23 Nov 20:05<", ">21:05<", ">00:05<"},
		96 * time.Hour:    {">20 Nov<", ">21 Nov<", ">24 Nov<"},
	} {
		got := drawn(t, ui.Scatter(now, ui.ScatterProps{From: now.Add(-span), To: now}))
		for _, text := range want {
			if !strings.Contains(got, text) {
				t.Errorf("the axis of %v has no %s", span, text)
			}
		}
	}
}

// TestAges: what is past has to be over, what comes is rounded.
func TestAges(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 0, 5, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for ahead, want := range map[time.Duration]string{
		90*day - time.Second: "in 90 days", 89*day + 11*time.Hour: "in 89 days", 48*time.Hour - time.Minute: "in 2 days", 59*time.Minute + 40*time.Second: "in 1 h",
		59*time.Second + 700*time.Millisecond: "in 1 min", 30 * time.Second: "in 30 s", 9 * time.Second: "just now",
		-9 * time.Second: "just now", -59 * time.Minute: "59 min ago", time.Second - 90*day: "89 days ago", -90 * day: "90 days ago",
	} {
		if got := ui.Age(now, now.Add(ahead)); got != want {
			t.Errorf("%v from now is %q, not %q", ahead, got, want)
		}
	}
}
