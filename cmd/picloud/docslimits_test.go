package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"picloud/engine/call"
)

// shownLimit is a row of docs/limits.md: the place of each of its numbers in the code, in their order.
// A place is "--flag" or NAME of a setting, a field of call.DefaultLimits, or "folder/file.go constant";
// "=" before a text is what stands there and has no constant of its own.
type shownLimit struct {
	row    string
	places []string
}

var shownLimits = []shownLimit{
	{"time from start to end", []string{"--wall-limit", "limits Wall"}},
	{"executing time, waits not counted", []string{"--cpu-limit", "limits CPU"}},
	{"depth of calls", []string{"limits Stack"}},
	{"memory that is charged to it: bodies, larger buffers, its log", []string{"bytes engine/invoke/memory.go runMemory"}},
	{"body of its answer", []string{"bytes limits Response"}},
	{"header of its answer", []string{"engine/sdk/handler/response.go maxFields", "bytes engine/sdk/handler/response.go maxHeader"}},
	{"lines of its log", []string{"limits LogLines"}},
	{"all of its log", []string{"bytes limits LogBytes"}},
	{"one line of its log", []string{"bytes limits LineBytes"}},
	{"requests of its own", []string{"limits Fetches", "engine/webapi/fetch.go fetchesAtOnce"}},
	{"an answer to one of these", []string{"bytes engine/invoke/fetch.go maxFetched"}},
	{"runs of functions that it leads to", []string{"engine/invoke/fetch.go maxFamily", "engine/invoke/fetch.go MaxDepth"}},
	{"timers that wait at a time", []string{"engine/js/timers.go maxTimers"}},

	{"a text, by an operator or a template", []string{"bytes engine/js/turn.go maxOperatorUnits"}},
	{"a text, by a method such as `repeat`", []string{"bytes engine/js/native/native.go MaxText"}},
	{"a buffer", []string{"bytes engine/js/guard/guard.go maxBinaryBytes"}},
	{"a `Blob`", []string{"bytes engine/webapi/blob.go maxBlob"}},
	{"an array by its length", []string{"bytes engine/js/guard/guard.go maxItems"}},
	{"a `BigInt`", []string{"engine/js/turn.go maxOperatorBits"}},
	{"JSON, read or written", []string{"engine/js/json/json.go MaxNodes", "engine/js/json/json.go MaxDepth"}},
	{"a value for `structuredClone`", []string{"=500"}}, // of clone.js
	{"parameters of a query, parts of a form", []string{"engine/webapi/convert.go maxParameters", "engine/webapi/multipart.go maxParts"}},
	{"fields of a `Headers`, entries of a `FormData`", []string{"engine/webapi/convert.go maxItems"}},
	{"bytes of one `crypto.getRandomValues`", []string{"engine/webapi/crypto.go maxRandom"}},
	{"the time of one match of a regular expression that goes back and forth", []string{"time engine/js/guard/regex.go MatchTime"}},

	{"its body", []string{"--max-body"}},
	{"its header", []string{"bytes cmd/picloud/worker.go maxHeader"}},
	{"the time to send its body", []string{"time handlers/ingress/deadline.go bodyTime"}},
	{"all bodies under way", []string{"--bodies-in-flight"}},
	{"large answers (over 64 KiB) on their way", []string{"=a quarter of `--worker-memory`", "first bytes handlers/ingress/answers.go largeAnswer"}},
	{"the pace at which a caller takes a large answer", []string{"bytes handlers/ingress/answers.go sendPart", "time handlers/ingress/answers.go sendGrace"}},

	{"its source", []string{"bytes engine/bundle/bundle.go MaxSource"}},
	{"its source with those of its modules", []string{"bytes engine/bundle/bundle.go MaxSources"}},
	{"modules in it", []string{"engine/bundle/bundle.go MaxModules"}},
	{"modules that import each other in a row", []string{"--module-depth"}},
	{"brackets that are open at a time in it", []string{"engine/js/nesting/nesting.go MaxBrackets"}},
	{"its name, and that of its app in addresses", []string{"engine/name/name.go Max"}},
	{"its description, and the note of a version", []string{"engine/script/script.go MaxDescription", "engine/script/script.go MaxNote"}},

	{"runs that execute", []string{"=three quarters of `--max-running`"}},
	{"memory of all its runs", []string{"=a third of `--worker-memory`"}},
	{"values of its variables and secrets", []string{"bytes engine/variable/variable.go MaxApp", "bytes engine/variable/variable.go MaxValue"}},
	{"variables and secrets", []string{"engine/variable/variable.go MaxCount"}},
	{"hosts that it may be kept to", []string{"engine/outbound/outbound.go MaxHosts"}},
	{"places beyond the internet that are opened to it", []string{"engine/outbound/outbound.go MaxNetworks"}},
	{"connections to other places", []string{"engine/egress/pool.go maxAppConnections"}},
	{"what it adds to the history in a rolling day", []string{"=a quarter of `--retention-size`"}},

	{"runs that execute or are ready to", []string{"--max-running"}},
	{"runs beside them that wait", []string{"--max-waiting"}},
	{"live heap of the worker", []string{"--worker-memory"}},
	{"connections", []string{"cmd/picloud/worker.go maxConnections"}},
	{"days that runs and logs are kept", []string{"--retention-days"}},
	{"size that they have on disk", []string{"--retention-size"}},
	{"records that wait for PostgreSQL", []string{"--ring-size"}},

	{"the beginning of each body, where bodies are kept", []string{"bytes engine/execution/record.go maxBody"}},
	{"header fields of each message", []string{"bytes engine/execution/record.go maxHeads"}},
	{"its URL", []string{"bytes engine/execution/record.go maxURL"}},
	{"the message of an error", []string{"bytes engine/execution/record.go maxMessage"}},
	{"entries of its timeline", []string{"engine/execution/span.go maxSpans"}},
	{"rows of calls that were refused, a minute, script and outcome", []string{"engine/execution/journal/crowds.go ownRows"}},

	{"a password", []string{"engine/access/password.go MinPassword", "engine/access/password.go MaxPassword"}},
	{"a session that nobody uses", []string{"time engine/access/access.go IdleLifetime"}},
	{"any session", []string{"days engine/access/access.go AbsoluteLifetime"}},
	{"a key that `picloud admin token` makes", []string{"days cmd/picloud/admin.go tokenLife"}},
	{"a page of a list of the API", []string{"handlers/api/json.go maxLimit"}},
}

// TestLimitsAreTrue: each row of the page on limits has the numbers that the code has.
func TestLimitsAreTrue(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	page, outcomes, _ := strings.Cut(string(text), "\n## What a caller gets\n")
	known := map[string][]string{}
	for _, limit := range shownLimits {
		known[limit.row] = limit.places
	}
	options := defaults(t)
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \| ([^|]+) \|`).FindAllStringSubmatch(page, -1) {
		name, shown := row[1], row[2]
		if shown == "limit" {
			continue
		}
		places, is := known[name]
		if !is {
			t.Errorf("%q is compared with nothing", name)
		}
		delete(known, name)
		for _, place := range places {
			in, want := shown, limitText(t, options, place)
			if strings.HasPrefix(place, "first ") {
				in = name
			}
			if !regexp.MustCompile(`(^|[^\d,])` + regexp.QuoteMeta(want) + `($|[^\d,]|,\D)`).MatchString(in) {
				t.Errorf("%q is shown as %q; %s is %s", name, shown, place, want)
			}
		}
	}
	for name := range known {
		t.Errorf("the page has no row %q", name)
	}
	for _, outcome := range call.Outcomes() {
		switch outcome {
		case call.OK, call.Running, call.Cancelled, call.Crashed:
			continue
		}
		if row := fmt.Sprintf("| *%s* | %d |", outcome, outcome.Status()); !strings.Contains(outcomes, row) {
			t.Errorf("the page has no row %s", row)
		}
	}
}

// defaults are those of all settings by their flags.
func defaults(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, o := range (&config{}).options() {
		all[o.flagName()] = o.fallback
	}
	return all
}

// limitText is how a limit is written on the page.
func limitText(t *testing.T, options map[string]string, place string) string {
	t.Helper()
	if text, literal := strings.CutPrefix(place, "="); literal {
		return text
	}
	if value, flag := options[place]; flag {
		value = regexp.MustCompile(`^(\d+)(\D+)$`).ReplaceAllString(value, "$1 $2")
		if n, err := strconv.Atoi(value); err == nil {
			value = grouped(int64(n))
		}
		return value + " (`" + place + "`)"
	}
	words := strings.Fields(strings.TrimPrefix(place, "first "))
	unit := ""
	if len(words) == 3 {
		unit, words = words[0], words[1:]
	}
	var n int64
	if words[0] == "limits" {
		n, unit = ofLimits(t, words[1], unit)
	} else {
		n = constantOf(t, words[0], words[1])
	}
	switch unit {
	case "bytes":
		for shift, name := range map[int]string{20: "Mi", 10: "Ki"} {
			if n >= 1<<shift && (shift == 20 || n < 1<<20) {
				return grouped(n>>shift) + " " + name
			}
		}
	case "time":
		d := time.Duration(n)
		switch {
		case d%time.Hour == 0:
			return grouped(int64(d/time.Hour)) + " h"
		case d%time.Second == 0:
			return grouped(int64(d/time.Second)) + " s"
		}
		return grouped(d.Milliseconds()) + " ms"
	case "days":
		return grouped(n/int64(24*time.Hour)) + " days"
	}
	return grouped(n)
}

// ofLimits is a field of the limits of a run.
func ofLimits(t *testing.T, field, unit string) (int64, string) {
	t.Helper()
	limits := call.DefaultLimits
	switch field {
	case "Wall":
		return int64(limits.Wall), "time"
	case "CPU":
		return int64(limits.CPU), "time"
	}
	all := map[string]int64{
		"Stack": int64(limits.Stack), "Response": limits.Response, "LogLines": int64(limits.LogLines), "LogBytes": int64(limits.LogBytes),
		"LineBytes": int64(limits.LineBytes), "Fetches": int64(limits.Fetches),
	}
	n, known := all[field]
	if !known {
		t.Fatalf("there is no limit %s", field)
	}
	return n, unit
}

// grouped writes thousands apart.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// constantOf is the value of a constant in a file of the repository, of numbers and durations.
func constantOf(t *testing.T, file, name string) int64 {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "../../"+file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found ast.Expr
	ast.Inspect(parsed, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok && len(spec.Names) == 1 && spec.Names[0].Name == name && len(spec.Values) == 1 {
			found = spec.Values[0]
		}
		return true
	})
	if found == nil {
		t.Fatalf("%s has no constant %s", file, name)
	}
	text := types.ExprString(found)
	for unit, value := range map[string]time.Duration{"time.Millisecond": time.Millisecond, "time.Second": time.Second, "time.Minute": time.Minute, "time.Hour": time.Hour} {
		text = strings.ReplaceAll(text, unit, strconv.FormatInt(int64(value), 10))
	}
	value, err := types.Eval(token.NewFileSet(), nil, token.NoPos, text)
	if err != nil {
		t.Fatalf("%s of %s: %v", name, file, err)
	}
	n, exact := constant.Int64Val(constant.ToInt(value.Value))
	if !exact {
		t.Fatalf("%s of %s is no whole number", name, file)
	}
	return n
}
