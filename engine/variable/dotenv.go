package variable

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"picloud/engine/actor"
	"picloud/engine/fault"
	"picloud/engine/id"
)

// MaxPaste is the longest text that is read as a .env file, in bytes.
const MaxPaste = MaxApp

// Assignment is one line of a .env file.
type Assignment struct {
	Name  string
	Value string
	Line  int // where it begins, from 1
}

// ParseDotenv reads a .env file as dotenv for Node.js does: NAME=value, an optional "export"
// before it, values bare, in single or double quotes or in backticks, the quoted ones over
// several lines, with \n and \r only in double quotes; "#" begins a comment. A later value of a
// name takes the place of an earlier one. Faults are at field "text", with their lines.
//
// Libraries for it put the values of other variables in the place of $NAME, which would change
// passwords, and do not tell where a fault is.
func ParseDotenv(text string) ([]Assignment, error) {
	if len(text) > MaxPaste {
		return nil, fault.AtField("text", "The text has %d bytes; the limit is %d (1 MiB).", len(text), MaxPaste)
	}
	p := dotenv{rest: strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n"), line: 1, places: map[string]int{}}
	for p.rest != "" {
		p.assignment()
	}
	if len(p.faults) > 0 {
		return nil, fault.AtFields(p.faults)
	}
	return p.found, nil
}

type dotenv struct {
	rest   string
	line   int
	found  []Assignment
	places map[string]int // in found, by name
	faults []fault.Field
}

// maxFaults is how many faults of a text are told.
const maxFaults = 20

func (p *dotenv) fail(line int, format string, args ...any) {
	if len(p.faults) < maxFaults {
		p.faults = append(p.faults, fault.Field{Name: "text", Message: fmt.Sprintf("Line %d: ", line) + fmt.Sprintf(format, args...), Line: line})
	}
}

// take gives so many bytes and goes on behind them.
func (p *dotenv) take(n int) string {
	taken := p.rest[:n]
	p.rest = p.rest[n:]
	p.line += strings.Count(taken, "\n")
	return taken
}

func (p *dotenv) takeLine() string {
	if end := strings.IndexByte(p.rest, '\n'); end >= 0 {
		return strings.TrimSuffix(p.take(end+1), "\n")
	}
	return p.take(len(p.rest))
}

func (p *dotenv) assignment() {
	p.take(len(p.rest) - len(strings.TrimLeft(p.rest, " \t")))
	line := p.line
	if p.rest == "" || p.rest[0] == '\n' || p.rest[0] == '#' {
		p.takeLine()
		return
	}
	before, _, _ := strings.Cut(p.rest, "\n")
	name, _, assigned := strings.Cut(before, "=")
	if !assigned {
		p.takeLine()
		p.fail(line, "there is no \"=\" in it. A value of several lines stands in quotes.")
		return
	}
	p.take(len(name) + 1)
	name = strings.TrimSpace(name)
	if bare, exported := strings.CutPrefix(name, "export "); exported {
		name = strings.TrimSpace(bare)
	}
	value, ok := p.value(line)
	if CheckName(name) != "" { // it is not repeated: it may be a part of a secret
		p.fail(line, "what stands before the \"=\" is no name: 1 to 64 of A-Z, a-z, 0-9 and \"_\", a letter or \"_\" first.")
	} else if why := checkValue(value); why != "" {
		p.fail(line, "%s", why)
	} else if ok {
		p.keep(Assignment{Name: name, Value: value, Line: line})
	}
}

func (p *dotenv) keep(a Assignment) {
	at, again := p.places[a.Name]
	switch {
	case again:
		p.found[at] = a
	case len(p.found) == MaxCount:
		p.fail(a.Line, "there are more than %d names.", MaxCount)
		p.rest = ""
	default:
		p.places[a.Name] = len(p.found)
		p.found = append(p.found, a)
	}
}

func (p *dotenv) value(line int) (value string, ok bool) {
	p.take(len(p.rest) - len(strings.TrimLeft(p.rest, " \t")))
	if p.rest == "" || !strings.ContainsRune("\"'`", rune(p.rest[0])) {
		bare := p.takeLine()
		if comment := strings.Index(bare, " #"); comment >= 0 {
			bare = bare[:comment]
		} else if comment := strings.Index(bare, "\t#"); comment >= 0 {
			bare = bare[:comment]
		} else if strings.HasPrefix(bare, "#") {
			bare = ""
		}
		return strings.TrimSpace(bare), true
	}
	quote := p.rest[:1]
	end := closing(p.rest, quote)
	if end < 0 {
		p.takeLine()
		p.fail(line, "the %s that begins the value is not closed.", quote)
		return "", false
	}
	inner := p.take(end + 1)[1:end]
	if after := strings.TrimSpace(p.takeLine()); after != "" && after[0] != '#' {
		p.fail(line, "there is more behind the closing %s.", quote)
		return "", false
	}
	if quote == `"` {
		inner = strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\"`, `"`, `\\`, `\`).Replace(inner)
	}
	return inner, true
}

// closing is where the quote that begins a text ends; a backslash keeps a double quote inside.
func closing(text, quote string) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == `"`:
			i++
		case text[i] == quote[0]:
			return i
		}
	}
	return -1
}

// Planned is what a change of a paste would do.
type Planned struct {
	Change
	Line   int
	Effect Effect
}

// Effect of a change that is planned.
type Effect string

// The effects.
const (
	Adds     Effect = "new"
	Replaces Effect = "changed"
	Keeps    Effect = "same"
	Unknown  Effect = "set again" // a secret, whose value is not compared
)

// Plan tells what setting the values of a .env file would change, in the place of the app's where
// script is not zero. A name that is there keeps its kind; of the others those are secrets that
// secret says so of.
func (s *Service) Plan(ctx context.Context, grant actor.Grant, script id.Script, text string, secret func(name string) bool) ([]Planned, error) {
	there, err := s.List(ctx, grant)
	if err != nil {
		return nil, err
	}
	assignments, err := ParseDotenv(text)
	if err != nil {
		return nil, err
	}
	if len(assignments) == 0 {
		return nil, fault.AtField("text", "There is no NAME=value in the text.")
	}
	planned := make([]Planned, len(assignments))
	for i, a := range assignments {
		planned[i] = Planned{Change: Change{Name: a.Name, Value: a.Value, Secret: secret(a.Name)}, Line: a.Line, Effect: Adds}
		for _, old := range there {
			if old.Name == a.Name && old.Script == script {
				planned[i].Secret = old.Secret
				planned[i].Effect = cmp.Or(map[bool]Effect{true: Unknown}[old.Secret], map[bool]Effect{true: Keeps, false: Replaces}[old.Value == a.Value])
			}
		}
	}
	return planned, nil
}

// Paste sets the values of a .env file, as Plan tells it, all of them or none. It returns how many
// values are others than before.
func (s *Service) Paste(ctx context.Context, grant actor.Grant, script id.Script, text string, secret func(name string) bool) (changed int, err error) {
	planned, err := s.Plan(ctx, grant, script, text, secret)
	if err != nil {
		return 0, err
	}
	changes := make([]Change, len(planned))
	for i, p := range planned {
		changes[i] = p.Change
	}
	return s.Set(ctx, grant, script, changes)
}
