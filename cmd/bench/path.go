package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// connections are those of a load on the public path.
const connections = 32

// generator is who calls: ours, in this process, or wrk, which is a program of its own.
type generator struct {
	name   string
	reach  string
	during func(address, path string, d time.Duration) (figures, error)
	adrift int // calls at most that a load leaves without having counted their answer
}

// figures are what a load met with.
type figures struct {
	answers, wrong int
	rate           float64 // answers a second
	slow           time.Duration
}

// path compares hello through the whole public path with a raw handler, called by both
// generators.
func path(p *product, how plan) ([]row, error) {
	if err := p.publish("hello", helloSource); err != nil {
		return nil, err
	}
	raw, stop, err := serveRaw()
	if err != nil {
		return nil, err
	}
	defer stop()
	var rows []row
	recorded := 0
	for _, g := range []generator{
		{name: "our own load", reach: "≥ 0.50 of raw", during: own},
		{name: "wrk", reach: "≥ 0.42 of raw", during: wrk, adrift: connections},
	} {
		compared, answers, err := compare(p, how, g, raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.name, err)
		}
		all, err := p.rows("hello", recorded+answers)
		if err != nil {
			return nil, err
		}
		made := all - recorded
		recorded = all
		if made > answers+how.rounds*g.adrift {
			return nil, fmt.Errorf("%s: %d rows for %d answers", g.name, made, answers)
		}
		equal := row{"rows = answers, " + g.name, "equal", fmt.Sprintf("%d = %d", made, answers)}
		if g.adrift > 0 {
			equal.reach = fmt.Sprintf("0 to %d more", how.rounds*g.adrift)
			equal.measured = fmt.Sprintf("%d − %d = %d", made, answers, made-answers)
		}
		rows = append(rows, compared, equal)
	}
	return rows, nil
}

// serveRaw runs the raw handler in a process of its own.
func serveRaw() (address string, stop func(), err error) {
	if address, err = freeAddress(); err != nil {
		return "", nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	raw := exec.Command(self, "-raw", address)
	if err := raw.Start(); err != nil {
		return "", nil, err
	}
	stop = func() { _ = raw.Process.Kill(); _ = raw.Wait() }
	if err := until(5*time.Second, func() bool { _, err := http.Get("http://" + address); return err == nil }); err != nil {
		stop()
		return "", nil, err
	}
	return address, stop, nil
}

// compare calls the raw handler and the function in turn and gives the medians.
func compare(p *product, how plan, g generator, raw string) (row, int, error) {
	var ratios, rates, bare []float64
	answers := 0
	var slowest time.Duration
	for range how.rounds {
		a, err := g.during(raw, "/", how.length/3)
		if err != nil {
			return row{}, 0, err
		}
		b, err := g.during(p.address, "/fn/"+appSlug+"/hello", how.length/3)
		if err != nil {
			return row{}, 0, err
		}
		if a.wrong+b.wrong > 0 {
			return row{}, 0, fmt.Errorf("%d of %d raw answers and %d of %d of the function were wrong", a.wrong, a.answers, b.wrong, b.answers)
		}
		answers += b.answers
		slowest = max(slowest, b.slow)
		ratios, rates, bare = append(ratios, b.rate/a.rate), append(rates, b.rate), append(bare, a.rate)
	}
	return row{
		fmt.Sprintf("hello, whole path, row durable, %d connections, %s", connections, g.name), g.reach,
		fmt.Sprintf("%.2f (%.0f/s of %.0f/s, p99 %v, %d rounds)", median(ratios), median(rates), median(bare), slowest.Round(10*time.Microsecond), how.rounds),
	}, answers, nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func own(address, path string, d time.Duration) (figures, error) {
	r, err := load{address: address, connections: connections}.during(d, path)
	return figures{answers: r.answers, wrong: r.wrong, rate: r.rate(), slow: r.percentile(0.99)}, err
}

// wrk takes whole seconds alone. It says nothing of answers that are well, and ends with
// calls under way.
func wrk(address, path string, d time.Duration) (figures, error) {
	seconds := max(1, int(d.Round(time.Second).Seconds()))
	out, err := exec.Command("wrk", "-t2", fmt.Sprintf("-c%d", connections), fmt.Sprintf("-d%ds", seconds), "--latency", "http://"+address+path).CombinedOutput()
	if err != nil {
		return figures{}, fmt.Errorf("%w: %s", err, out)
	}
	return readWrk(string(out))
}

// readWrk reads what wrk prints. Answers other than 2xx and 3xx are wrong, and so is what
// went amiss on its sockets.
func readWrk(text string) (f figures, err error) {
	number := func(pattern string, needed bool) string {
		found := regexp.MustCompile(`(?m)` + pattern).FindStringSubmatch(text)
		if found == nil {
			if needed && err == nil {
				err = fmt.Errorf("wrk says no %q: %s", pattern, text)
			}
			return "0"
		}
		return found[1]
	}
	f.answers, _ = strconv.Atoi(number(`^\s*(\d+) requests in `, true))
	f.rate, _ = strconv.ParseFloat(number(`^Requests/sec:\s*([\d.]+)`, true), 64)
	slow, parsed := time.ParseDuration(number(`^\s*99%\s+([\d.]+[a-z]+)`, true))
	if err == nil && parsed != nil {
		err = fmt.Errorf("wrk's latency: %w", parsed)
	}
	f.slow = slow
	for _, pattern := range []string{`Non-2xx or 3xx responses: (\d+)`, `Socket errors: connect (\d+)`, `, read (\d+)`, `, write (\d+)`, `, timeout (\d+)`} {
		n, _ := strconv.Atoi(number(pattern, false))
		f.wrong += n
	}
	return f, err
}
