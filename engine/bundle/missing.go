package bundle

import (
	"strconv"
	"strings"

	"picloud/engine/call"
	"picloud/engine/sdk/missing"
)

// mark begins what the survey has esbuild put in the place of a missing name, which it does
// only where nothing declares the name.
const (
	mark        = "__picloud_missing_"
	maxWarnings = 20
)

// markMissing adds a mark for each missing name. Those of CommonJS tell esbuild what kind of a
// file it has, and are refused anyway.
func markMissing(define map[string]string) {
	at := 0
	for name := range missing.Names() {
		if name != "require" && name != "module" && name != "exports" {
			define[name] = mark + strconv.Itoa(at)
		}
		at++
	}
}

// missingIn gives the uses of missing names in a file of a program with marks, at their places. To ask
// whether there is such a name (typeof) is no use of it.
func missingIn(file, program, sourceMap string) (warnings []Problem) {
	if !strings.Contains(program, mark) {
		return nil
	}
	var names, texts []string
	for name, text := range missing.Names() {
		names, texts = append(names, name), append(texts, text)
	}
	places := ReadMap(sourceMap)
	line := 0
	for text := range strings.Lines(program) {
		line++
		for end := 0; ; {
			found := strings.Index(text[end:], mark)
			if found < 0 {
				break
			}
			start := end + found
			end = start + len(mark)
			digits := len(text[end:]) - len(strings.TrimLeft(text[end:], "0123456789"))
			which, err := strconv.Atoi(text[end : end+digits])
			place, own := places.find(call.Frame{Line: line, Column: start + 1})
			if err != nil || which >= len(names) || !own || place.File != file || strings.HasSuffix(text[:start], "typeof ") {
				continue
			}
			if len(warnings) == maxWarnings {
				return warnings
			}
			warnings = append(warnings, Problem{Message: texts[which], Line: place.Line, Column: place.Column, Length: len(names[which])})
		}
	}
	return warnings
}
