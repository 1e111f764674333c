// Command picloud is the whole product in one binary: serve runs it, the other commands
// look after it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"text/tabwriter"

	"picloud/engine/bundle"
)

// version is set by the build.
var version = "0.1.0-dev"

const usage = `picloud is a self-hosted serverless platform.

Usage:
  picloud serve [flags]                         run it
  picloud migrate [flags]                       bring the database's schema up to date
  picloud config [flags]                        print the settings in effect, secrets hidden
  picloud version                               print the version
  picloud admin reset-password <email> [flags]  set a new random password
  picloud admin token <email> [flags]           make an API key that lives for 30 days
  picloud admin rotate-key [flags]              seal all secrets with another key

Every flag has an environment variable; picloud serve --help lists both.
`

// printHelp is what --help of a command prints: the usage and every setting.
func printHelp(out io.Writer) error {
	fmt.Fprint(out, usage, "\nSettings; a flag wins over its variable:\n")
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, o := range (&config{}).options() {
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", o.flagName(), o.env, o.fallback, o.usage)
	}
	return table.Flush()
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Getenv)
	if errors.Is(err, flag.ErrHelp) {
		err = printHelp(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "picloud:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, getenv func(string) string) error {
	if len(arguments) == 0 {
		fmt.Print(usage)
		return nil
	}
	command, rest := arguments[0], arguments[1:]
	switch command {
	case "build": // started by bundle.Children
		return bundle.Main(os.Stdin, os.Stdout)
	case "worker": // started by worker.Supervisor
		return runWorkerProcess(ctx)
	case "version", "--version":
		fmt.Println(versionText())
		return nil
	case "config":
		return printConfig(getenv, rest)
	case "help", "--help", "-h":
		fmt.Print(usage)
		return nil
	}
	if command != "serve" && command != "migrate" && command != "admin" {
		return fmt.Errorf("unknown command %q; picloud help lists them", command)
	}
	config, rest, err := readConfig(rest, getenv)
	if err != nil {
		return err
	}
	if command != "admin" && len(rest) > 0 {
		return fmt.Errorf("%s takes no argument %q; its settings are flags, which --help lists", command, rest[0])
	}
	setLog(config.logFormat, config.logLevel)
	switch command {
	case "serve":
		return serve(ctx, config)
	case "migrate":
		return migrate(ctx, config)
	}
	return admin(ctx, config, rest)
}

func versionText() string {
	text := "picloud " + version
	if info, ok := debug.ReadBuildInfo(); ok {
		text += " " + info.GoVersion
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				text += " " + setting.Value
			}
		}
	}
	return text
}

func setLog(format, level string) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		least = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: least}
	if format == "json" {
		slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, options)))
		return
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, options)))
}

// quietly leaves out the error that says no more than that we were asked to stop.
func quietly(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || err == nil) {
		return nil
	}
	return err
}
