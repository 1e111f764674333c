package main

import (
	"fmt"
	"regexp"
	"strings"
)

// block is a fenced block of a page, or a comment for this test.
type block struct {
	line     int    // where it begins
	language string // "comment": <!-- … -->
	text     string
}

var comment = regexp.MustCompile(`^<!-- (.+) -->$`)

// blocksOf takes a page apart.
func blocksOf(page string) (blocks []block) {
	var open *block
	for number, line := range strings.Split(page, "\n") {
		fence, fenced := strings.CutPrefix(line, "```")
		switch {
		case open != nil && fenced:
			blocks, open = append(blocks, *open), nil
		case open != nil:
			open.text += line + "\n"
		case fenced:
			open = &block{line: number + 1, language: strings.TrimSpace(fence)}
		default:
			if found := comment.FindStringSubmatch(line); found != nil {
				blocks = append(blocks, block{line: number + 1, language: "comment", text: found[1]})
			}
		}
	}
	return blocks
}

// isFunction tells a whole function from some lines of one.
func (b block) isFunction() bool { return strings.Contains(b.text, "export default") }

var (
	imported = regexp.MustCompile(`(?m)^import .+;\n`)
	shown    = regexp.MustCompile(`^(\s*)(.+?);?\s*// → (.+)$`)
	thrown   = regexp.MustCompile(`^(\s*)(.+?);?\s*// throws (\w+)$`)
	assigned = regexp.MustCompile(`^(?:const|let) (\w+) = `)
)

// wrapped puts some lines into a function, which answers with what does not hold, and tells how many
// lines say what holds.
func wrapped(lines string) (source string, checks int) {
	var body strings.Builder
	for line := range strings.SplitSeq(imported.ReplaceAllString(lines, ""), "\n") {
		found, throws := shown.FindStringSubmatch(line), thrown.FindStringSubmatch(line)
		switch {
		case throws != nil:
			checks++
			fmt.Fprintf(&body, "await throws_(%s, async () => (%s), %s);\n", quoted(throws[2]), throws[2], quoted(throws[3]))
		case found != nil:
			checks++
			value := found[2]
			if name := assigned.FindStringSubmatch(value); name != nil {
				body.WriteString(value + ";\n")
				value = name[1]
			}
			fmt.Fprintf(&body, "holds_(%s, await (%s), %s);\n", quoted(found[2]), value, found[3])
		default:
			body.WriteString(line + "\n")
		}
	}
	return strings.Join(imported.FindAllString(lines, -1), "") + `
const wrong_: string[] = [];
const show_ = (value: any): string => value instanceof Uint8Array ? "bytes " + value.join() : typeof value === "string" || value?.constructor === Object || Array.isArray(value) ? JSON.stringify(value) : String(value);
function holds_(what: string, is: any, said: any) { if (show_(is) !== show_(said)) wrong_.push(what + " is " + show_(is) + ", not " + show_(said)); }
async function throws_(what: string, run: () => any, name: string) {
	try { wrong_.push(what + " is " + show_(await run())); } catch (error: any) { if (error.name !== name) wrong_.push(what + " throws " + error); }
}
export default async function (request: Request, env: any, ctx: any) {
` + body.String() + `
return wrong_;
}`, checks
}
