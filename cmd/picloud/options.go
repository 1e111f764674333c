package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// option is one setting: a flag, an environment variable and a place in the config.
// A variable NAME of a secret can also be given as NAME_FILE, the path of a file that
// holds it.
type option struct {
	flag     string // "" : only the environment
	env      string
	fallback string
	usage    string
	secret   bool
	set      func(text string) error
}

// flagName is the flag as it is typed; "" where there is none.
func (o option) flagName() string {
	if o.flag == "" {
		return ""
	}
	return "--" + o.flag
}

// load fills the config: default < environment < flag. It returns all faults at once.
func load(options []option, arguments []string, getenv func(string) string) (rest []string, err error) {
	var faults []error
	flags := flag.NewFlagSet("picloud", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	given := map[string]string{}
	for _, o := range options {
		if o.flag == "" {
			continue
		}
		remember := func(text string) error { given[o.flag] = text; return nil }
		if o.fallback == "false" {
			flags.BoolFunc(o.flag, o.usage, remember)
			continue
		}
		flags.Func(o.flag, o.usage, remember)
	}
	for len(arguments) > 0 { // flags may stand between and after the other words
		err := flags.Parse(arguments)
		left := flags.Args()
		switch {
		case errors.Is(err, flag.ErrHelp):
			return nil, err
		case err != nil:
			faults = append(faults, err)
			if len(left) == len(arguments) { // what looks like no flag at all is not passed over
				left = left[1:]
			}
		case len(left) > 0:
			rest, left = append(rest, left[0]), left[1:]
		}
		arguments = left
	}
	faults = slices.CompactFunc(faults, func(a, b error) bool { return a.Error() == b.Error() })
	for _, o := range options {
		text, source, err := o.find(given, getenv)
		if err == nil {
			if err = o.set(text); err != nil && o.secret {
				text = "***"
			}
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s %q: %w", source, text, err))
		}
	}
	return rest, errors.Join(faults...)
}

func (o option) find(given map[string]string, getenv func(string) string) (text, source string, err error) {
	if text, found := given[o.flag]; found && o.flag != "" {
		return text, "--" + o.flag, nil
	}
	if text := getenv(o.env); text != "" {
		return text, o.env, nil
	}
	if path := getenv(o.env + "_FILE"); path != "" && o.secret {
		content, err := os.ReadFile(path)
		if err != nil {
			return path, o.env + "_FILE", errors.New("the file cannot be read")
		}
		text := strings.TrimSpace(string(content))
		if text == "" {
			return path, o.env + "_FILE", errors.New("the file is empty")
		}
		return text, o.env + "_FILE", nil
	}
	return o.fallback, "--" + o.flag, nil
}

func text(target *string) func(string) error {
	return func(value string) error { *target = value; return nil }
}

func boolean(target *bool) func(string) error {
	return func(value string) (err error) {
		if *target, err = strconv.ParseBool(value); err != nil {
			return errors.New("want true or false")
		}
		return nil
	}
}

func number(target *int, least, most int) func(string) error {
	return func(value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < least || n > most {
			return fmt.Errorf("want a number from %d to %d", least, most)
		}
		*target = n
		return nil
	}
}

func duration(target *time.Duration, least, most time.Duration) func(string) error {
	return func(value string) error {
		d, err := time.ParseDuration(value)
		if err != nil || d < least || d > most {
			return fmt.Errorf("want a duration from %v to %v, such as 1s500ms", least, most)
		}
		*target = d
		return nil
	}
}

// address reads where to listen.
func address(target *string) func(string) error {
	return func(value string) error {
		host, port, err := net.SplitHostPort(value)
		if err != nil {
			return errors.New("want host:port, such as 127.0.0.1:8080")
		}
		if host != "" && net.ParseIP(host) == nil && host != "localhost" {
			return fmt.Errorf("host %q is no IP address", host)
		}
		number, err := net.LookupPort("tcp", port)
		if err != nil || number == 0 { // 0 would be another one at each start
			return fmt.Errorf("port %q is no port", port)
		}
		*target = net.JoinHostPort(host, strconv.Itoa(number))
		return nil
	}
}

// optional leaves the setting out when nothing is given.
func optional(set func(string) error) func(string) error {
	return func(value string) error {
		if value == "" {
			return nil
		}
		return set(value)
	}
}

// size reads bytes with an optional unit of KiB, MiB or GiB.
func size(target *int64, least, most int64) func(string) error {
	return func(value string) error {
		digits, factor := strings.TrimSpace(value), int64(1)
		for i, unit := range []string{"KiB", "MiB", "GiB"} {
			if cut, found := strings.CutSuffix(digits, unit); found {
				digits, factor = strings.TrimSpace(cut), 1<<(10*(i+1))
				break
			}
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < 0 || n > most/factor || n*factor < least {
			return fmt.Errorf("want a size from %s to %s", sizeText(least), sizeText(most))
		}
		*target = n * factor
		return nil
	}
}

func sizeText(n int64) string {
	for i, unit := range []string{"GiB", "MiB", "KiB"} {
		if by := int64(1) << (10 * (3 - i)); n >= by && n%by == 0 {
			return strconv.FormatInt(n/by, 10) + " " + unit
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

func prefixes(target *[]netip.Prefix) func(string) error {
	return func(value string) error {
		for entry := range strings.SplitSeq(value, ",") {
			if entry = strings.TrimSpace(entry); entry == "" {
				continue
			}
			prefix, err := netip.ParsePrefix(entry)
			if err != nil {
				address, bad := netip.ParseAddr(entry)
				if bad != nil {
					return fmt.Errorf("%q is no address and no prefix such as 10.0.0.0/8", entry)
				}
				prefix = netip.PrefixFrom(address, address.BitLen())
			}
			*target = append(*target, prefix)
		}
		return nil
	}
}

func oneOf(target *string, allowed ...string) func(string) error {
	return func(value string) error {
		if !slices.Contains(allowed, value) {
			return fmt.Errorf("want one of %s", strings.Join(allowed, ", "))
		}
		*target = value
		return nil
	}
}
