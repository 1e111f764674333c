package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

const declared = `// A comment.
declare module "picloud" {
	/** Writes a line. */
	export const log: Log;
	interface Log {
		/**
		 * Tells something
		 * of use.
		 */
		info(message: string, fields?: { a: string }): void;
	}
}
declare class Response {
	constructor(body?: string);
	static json(value: unknown): Response;
	readonly status: number;
	text(): Promise<string>;
	text(again: boolean): Promise<string>;
}
declare const console: Console;
declare function atob(text: string): string;
`

func TestWords(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "one.d.ts"), []byte(declared), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := words(folder)
	if err != nil {
		t.Fatal(err)
	}
	var l list
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		t.Fatal(err)
	}
	if w := l.Modules["picloud"]; len(w) != 2 || w[1].Label != "log" || w[1].Info != "Writes a line." {
		t.Errorf("the module holds %+v", w)
	}
	if w := l.Members["Log"]; len(w) != 1 || w[0].Label != "info" || w[0].Type != "method" || w[0].Info != "Tells something of use." {
		t.Errorf("Log holds %+v", w)
	}
	if w := l.Members["Response"]; len(w) != 2 || w[0].Label != "status" || w[1].Label != "text" {
		t.Errorf("Response holds %+v", w)
	}
	if w := l.Members["typeof Response"]; len(w) != 1 || w[0].Label != "json" {
		t.Errorf("the class Response holds %+v", w)
	}
	if l.Of["console"] != "Console" || l.Of["log"] != "Log" {
		t.Errorf("values have the types %v", l.Of)
	}
	if len(l.Globals) != 3 {
		t.Errorf("the globals are %+v", l.Globals)
	}
}

func TestWordsWithoutDeclarations(t *testing.T) {
	t.Parallel()
	text, err := words(filepath.Join(t.TempDir(), "none"))
	if err != nil || text == "" {
		t.Errorf("without declarations: %q, %v", text, err)
	}
}
