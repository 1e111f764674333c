package main

import (
	"strings"
	"testing"

	"picloud/engine"
	"picloud/engine/execution"
)

func noEnv(string) string { return "" }

// TestSettingsThatDoNotFit: faults that no setting shows alone are told with the others.
func TestSettingsThatDoNotFit(t *testing.T) {
	t.Parallel()
	_, _, err := readConfig([]string{"--max-body", "2MiB", "--bodies-in-flight", "1MiB", "--max-running", "0"}, noEnv)
	if err == nil || !strings.Contains(err.Error(), "--bodies-in-flight") || !strings.Contains(err.Error(), "--max-running") {
		t.Errorf("got %v", err)
	}
}

// TestEmptyDataDir: an empty value once meant the current folder.
func TestEmptyDataDir(t *testing.T) {
	t.Parallel()
	if _, _, err := readConfig([]string{"--data-dir", ""}, noEnv); err == nil || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("got %v", err)
	}
}

// TestAnyRingSize: a ring has whole pages, whatever was asked for.
func TestAnyRingSize(t *testing.T) {
	t.Parallel()
	c, _, err := readConfig([]string{"--ring-size", "1048577"}, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	settings := c.worker(&engine.Manager{}, "")
	journal, err := execution.CreateJournal(t.TempDir()+"/journal", settings.JournalSlots, settings.RingSize)
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.Close(); err != nil {
		t.Error(err)
	}
}

// TestLocalhostIsAlsoItsAddress: started at localhost, 127.0.0.1 was once an unknown host.
func TestLocalhostIsAlsoItsAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"localhost:8080", "127.0.0.1:8080"} {
		c, _, err := readConfig([]string{"--addr", address}, noEnv)
		if err != nil {
			t.Fatal(err)
		}
		if !c.hosts().AnyIP {
			t.Errorf("%s: an IP address is no host", address)
		}
	}
	c, _, err := readConfig([]string{"--base-url", "https://pi.example"}, noEnv)
	if err != nil || c.hosts().AnyIP {
		t.Errorf("a name of one's own: %v, %v", c.hosts().AnyIP, err)
	}
}
