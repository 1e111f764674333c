package missing_test

import (
	"os"
	"strings"
	"testing"

	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/sdk/env"
	"picloud/engine/sdk/log"
	"picloud/engine/sdk/missing"
	"picloud/engine/webapi"
)

func TestMain(m *testing.M) {
	js.SetUp()
	os.Exit(m.Run())
}

// What exists by now is on the list no longer, and what is read of it is no sign of it.
func TestNothingOnTheListExists(t *testing.T) {
	t.Parallel()
	globals := js.NewGlobals(webapi.Globals(), log.Globals(), env.Globals())
	for name, text := range missing.Names() {
		program, err := js.Compile("globalThis.out = typeof " + name)
		if err != nil {
			t.Fatal(err)
		}
		s := js.New(js.Config{Globals: globals, Program: program, Limits: call.DefaultLimits})
		if ending := s.Run(s.Load); ending != nil {
			t.Fatal(ending)
		}
		if kind := s.VM().GlobalObject().Get("out").String(); kind != "undefined" {
			t.Errorf("%s is there by now (%s): take it off the list", name, kind)
		}
		if !strings.HasPrefix(text, name+" is not in PiCloud 0.x. ") || !strings.ContainsAny(text[len(text)-1:], ".}") {
			t.Errorf("%s: %q", name, text)
		}
	}
}

func TestMessagesAreExplained(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"Cache is not defined": "Cache is not in PiCloud 0.x. There is no storage yet",
		"Cannot read property 'importKey' of undefined or null":  "crypto.subtle is not in PiCloud 0.x. Of",
		"Cannot read property 'digest' of undefined or null":     "Cannot read property 'digest' of undefined or null. If it is crypto.subtle: crypto.subtle is not in PiCloud 0.x. Of",
		"Cannot read property 'importKeys' of undefined or null": "Cannot read property 'importKeys' of undefined or null",
		"subtle is not defined":                                  "subtle is not defined",
		"the word Cache is not defined":                          "the word Cache is not defined",
		"Object has no member 'Cache'":                           "Object has no member 'Cache'",
		"":                                                       "",
	} {
		if got := missing.Explain(message); !strings.HasPrefix(got, want) || want == message && got != message {
			t.Errorf("%q became %q, want %q", message, got, want)
		}
	}
}

func TestModulesOfElsewhere(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"node:fs":     "is a module of Node.js, which is not here. A function is one file, and there is no file system.",
		"fs/promises": "is a module of Node.js, which is not here. A function is one file, and there is no file system.",
		"crypto":      "is a module of Node.js, which is not here. Of cryptography",
		"node:sqlite": "is a module of Node.js, which is not here.",
		"npm:hono":    "cannot be imported: packages are not in PiCloud 0.x.",
		"bun:sqlite":  "is a module of Bun, which is not here.",
		"hono":        "", "./fs": "", "https://deno.land/x": "",
	} {
		if got := missing.Module(path); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q", path, got)
		}
	}
}
