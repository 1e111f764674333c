// Command bench measures the real binary (make bench): the public path against a raw
// net/http handler in the same run, under our own load and that of wrk; first calls, many functions, idling, the runs page,
// the neighbours of functions that burn processor time, functions that wait for others, and that share modules.
// It needs bin/picloud and makes everything else in a temporary folder.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"text/tabwriter"
	"time"
)

func main() {
	binary := flag.String("binary", "bin/picloud", "the binary to measure")
	only := flag.String("only", "", "one measurement: path, first, many, idle, runs, neighbours, fetch, modules")
	seconds := flag.Duration("for", 10*time.Second, "length of three loads")
	rounds := flag.Int("rounds", 3, "how often the public path and the raw handler are loaded in turn")
	profile := flag.String("profile", "", "measure nothing; write the worker's processor profile to this file")
	raw := flag.String("raw", "", "serve the raw handler on this address (used by the bench itself)")
	flag.Parse()
	if *raw != "" {
		log.Fatal(http.ListenAndServe(*raw, http.HandlerFunc(hello)))
	}
	if *profile != "" {
		if err := writeProfile(*binary, *profile); err != nil {
			log.Fatal("profile: ", err)
		}
		return
	}
	if err := run(*binary, *only, plan{length: *seconds, rounds: max(1, *rounds)}); err != nil {
		log.Fatal("bench: ", err)
	}
}

const greeting = `{"hello":"world"}`

// hello is what a function is compared with.
func hello(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(greeting))
}

type row struct{ what, reach, measured string }

// plan is how long is measured.
type plan struct {
	length time.Duration // of three loads
	rounds int           // of two loads that are compared
}

func run(binary, only string, how plan) error {
	p, err := start(binary)
	if err != nil {
		return err
	}
	defer p.stop()
	table := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	defer table.Flush()
	fmt.Fprintln(table, "WHAT\tREACH\tMEASURED")
	for _, m := range []struct {
		name    string
		measure func(*product, plan) ([]row, error)
	}{{"idle", idle}, {"path", path}, {"first", first}, {"many", many}, {"runs", runs}, {"neighbours", neighbours}, {"fetch", fetches}, {"modules", modules}} {
		if only != "" && only != m.name {
			continue
		}
		log.Printf("measuring: %s", m.name)
		rows, err := m.measure(p, how)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		for _, r := range rows {
			fmt.Fprintf(table, "%s\t%s\t%s\n", r.what, r.reach, r.measured)
		}
	}
	return nil
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
