// Package ui holds the parts pages are built of: times, tags, fields, charts, code. It
// formats values for people; it decides nothing.
package ui

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Stamp is the exact moment in UTC to the second, as "23 Nov 2026, 17:04:12 UTC".
func Stamp(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") }

// exact is the moment as a <time> element wants it, to the millisecond.
func exact(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// dayTime is the time of day, after its day when that is not today.
func dayTime(now, t time.Time, layout string) string {
	if now, t = now.UTC(), t.UTC(); now.YearDay() != t.YearDay() || now.Year() != t.Year() {
		layout = "2 Jan " + layout
	}
	return t.Format(layout)
}

// Age tells how long ago t was, in one unit: "just now", "3 min ago", "in 2 days". What is past
// has to be over before it counts; what comes is rounded, so that 90 days are 90 also a second later.
func Age(now, t time.Time) string {
	d := now.Sub(t)
	if d < 0 {
		if d > -10*time.Second {
			return "just now"
		}
		unit, _ := unitOf(-d)
		return "in " + span(-d+unit/2)
	}
	if d < 10*time.Second {
		return "just now"
	}
	return span(d) + " ago"
}

func span(d time.Duration) string {
	unit, name := unitOf(d)
	return fmt.Sprintf("%d %s", d/unit, name)
}

// unitOf is the unit in which d is told.
func unitOf(d time.Duration) (unit time.Duration, name string) {
	switch {
	case d < time.Minute:
		return time.Second, "s"
	case d < time.Hour:
		return time.Minute, "min"
	case d < 48*time.Hour:
		return time.Hour, "h"
	}
	return 24 * time.Hour, "days"
}

// Duration writes d with three significant digits at most: "0.4 ms", "12 ms", "1.2 s", "2 min 5 s".
func Duration(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case d <= 0:
		return "0 ms"
	case ms < 0.1:
		return fmt.Sprintf("%d µs", max(1, d.Microseconds()))
	case ms < 10:
		return trim(ms, 1) + " ms"
	case ms < 1000:
		return trim(ms, 0) + " ms"
	case d < time.Minute:
		return trim(d.Seconds(), 1) + " s"
	}
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}

func trim(f float64, digits int) string {
	s := strconv.FormatFloat(f, 'f', digits, 64)
	return strings.TrimSuffix(s, ".0")
}

// Bytes writes a size: "640 B", "1.2 KiB", "3 MiB".
func Bytes(n int64) string {
	switch {
	case n < 1<<10:
		return strconv.FormatInt(n, 10) + " B"
	case n < 1<<20:
		return trim(float64(n)/(1<<10), 1) + " KiB"
	}
	return trim(float64(n)/(1<<20), 1) + " MiB"
}

// Count writes a number with thousands separated: "12,408".
func Count[N int | int64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural writes a number with its noun: "1 script", "3 scripts".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}
