package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

// declarations is where the types of functions are declared.
const declarations = "engine/sdk"

// word is one name the editor completes.
type word struct {
	Label  string `json:"label"`
	Type   string `json:"type"`             // CodeMirror's kinds: function, class, variable, property, method, interface
	Detail string `json:"detail,omitempty"` // the declaration, in one line
	Info   string `json:"info,omitempty"`   // its documentation
}

// list is everything the editor completes: names known everywhere, the exports of
// modules, and members by the name of their type. A value's type is in Of.
type list struct {
	Globals []word            `json:"globals"`
	Modules map[string][]word `json:"modules"`
	Members map[string][]word `json:"members"`
	Of      map[string]string `json:"of"`
	grammar grammar
}

// words reads every declaration file below a folder; without any the list is empty.
func words(folder string) (string, error) {
	l := &list{Globals: []word{}, Modules: map[string][]word{}, Members: map[string][]word{}, Of: map[string]string{}, grammar: newGrammar()}
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".d.ts") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		l.read(string(text))
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		return "", fmt.Errorf("read declarations: %w", err)
	}
	l.tidy()
	text, err := json.Marshal(l)
	return string(text), err
}

// grammar recognises the lines that matter.
type grammar struct{ block, value, member, named *regexp.Regexp }

func newGrammar() grammar {
	return grammar{
		block:  regexp.MustCompile(`^(?:export |declare |abstract )*(module|namespace|interface|class|type) +("[^"]+"|[\w$.]+)[^{;]*\{$`),
		value:  regexp.MustCompile(`^(?:export |declare |default )*(function|const|let|var|class|interface|type) +([\w$]+)(.*)$`),
		member: regexp.MustCompile(`^(?:static |readonly |abstract |get |set |async )*([A-Za-z_$][\w$]*)\??(\s*[(<:].*)$`),
		named:  regexp.MustCompile(`^\s*:\s*([A-Z][\w$]*)`),
	}
}

// scope is an open block: a module, a type, or another pair of braces.
type scope struct{ kind, name string }

// read takes the declarations of one file. It goes by lines: a block opens at the end
// of one and closes on one of its own, as formatters write them.
func (l *list) read(text string) {
	var open []scope
	var doc []string
	inDoc := false
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if inDoc || strings.HasPrefix(line, "/**") {
			if !inDoc {
				doc = nil
			}
			inDoc = !strings.HasSuffix(line, "*/")
			line = strings.TrimSuffix(line, "*/")
			doc = append(doc, strings.TrimSpace(strings.TrimLeft(line, "/* ")))
			continue
		}
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		info := strings.TrimSpace(strings.Join(doc, " "))
		doc = nil
		if strings.HasPrefix(line, "}") {
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
			if strings.HasSuffix(line, "{") {
				open = append(open, scope{})
			}
			continue
		}
		l.line(line, info, open)
		if strings.HasSuffix(line, "{") {
			open = append(open, l.grammar.opened(line))
		}
	}
}

func (g grammar) opened(line string) scope {
	if m := g.block.FindStringSubmatch(line); m != nil {
		return scope{m[1], strings.Trim(m[2], `"`)}
	}
	if m := g.value.FindStringSubmatch(line); m != nil && (m[1] == "const" || m[1] == "var") {
		return scope{"value", m[2]}
	}
	if strings.HasSuffix(line, "global {") {
		return scope{"global", ""}
	}
	return scope{}
}

func (l *list) line(line, info string, open []scope) {
	inner := scope{"global", ""}
	if len(open) > 0 {
		inner = open[len(open)-1]
	}
	switch inner.kind {
	case "global", "module":
		m := l.grammar.value.FindStringSubmatch(line)
		if m == nil {
			return
		}
		w := word{Label: m[2], Type: kindOf(m[1]), Detail: detail(m[3]), Info: info}
		if t := l.grammar.named.FindStringSubmatch(m[3]); t != nil {
			l.Of[m[2]] = t[1]
		} else if w.Type == "variable" && strings.HasSuffix(line, "{") {
			l.Of[m[2]] = m[2]
		}
		if inner.kind == "module" {
			l.Modules[inner.name] = append(l.Modules[inner.name], w)
		} else {
			l.Globals = append(l.Globals, w)
		}
	case "interface", "class", "type", "namespace", "value":
		m := l.grammar.member.FindStringSubmatch(line)
		if m == nil || m[1] == "constructor" || m[1] == "new" {
			return
		}
		w := word{Label: m[1], Type: "property", Detail: detail(m[2]), Info: info}
		if strings.HasPrefix(m[2], "(") || strings.HasPrefix(m[2], "<") {
			w.Type = "method"
		}
		key := inner.name
		if inner.kind == "value" || strings.HasPrefix(line, "static ") {
			key = "typeof " + inner.name
		}
		l.Members[key] = append(l.Members[key], w)
	}
}

// tidy drops doubles (overloads, a type and a value of one name) and sorts.
func (l *list) tidy() {
	l.Globals = once(l.Globals)
	for name := range l.Modules {
		l.Modules[name] = once(l.Modules[name])
	}
	for name := range l.Members {
		l.Members[name] = once(l.Members[name])
	}
}

func once(all []word) []word {
	sort.SliceStable(all, func(i, j int) bool {
		if all[i].Label != all[j].Label {
			return all[i].Label < all[j].Label
		}
		return all[i].Type != "interface" && all[j].Type == "interface"
	})
	kept := all[:0]
	for _, w := range all {
		if len(kept) == 0 || kept[len(kept)-1].Label != w.Label {
			kept = append(kept, w)
		}
	}
	return kept
}

func kindOf(declared string) string {
	switch declared {
	case "function", "class", "interface", "type":
		return declared
	}
	return "variable"
}

func detail(rest string) string {
	rest = strings.TrimSpace(strings.TrimRight(strings.TrimSpace(rest), ";{="))
	if len([]rune(rest)) > 80 {
		rest = string([]rune(rest)[:79]) + "…"
	}
	return rest
}
