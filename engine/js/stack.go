package js

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"picloud/engine/call"
)

// maxStackUnits is the length of what is taken for a stack; the deepest ones are shorter.
const maxStackUnits = 1 << 20

// stackPlace is a line of a stack as goja writes it, if it is in the program.
var stackPlace = regexp.MustCompile(`^\tat (?:(.*) \()?` + regexp.QuoteMeta(FileName) + `:(\d+):(\d+)\(\d+\)\)?$`)

// located makes the function that package rewrite puts around a stack that is read: the places
// of the program become those that the one who runs it knows. So a stack that nobody reads
// costs nothing.
func (s *Sandbox) located() goja.Value {
	return s.vm.ToValue(func(c goja.FunctionCall) goja.Value {
		stack, ok := c.Argument(0).(goja.String)
		if !ok || s.locate == nil || stack.Length() > maxStackUnits {
			return c.Argument(0)
		}
		head, lines, found := strings.Cut(stack.String(), "\n\tat ")
		if !found {
			return stack
		}
		places := s.locate(placesIn("\tat " + lines))
		s.Check()
		if places == "" {
			return stack
		}
		if name, message, found := strings.Cut(head, ": "); found {
			head = name + ": " + s.explained(message)
		}
		return s.vm.ToValue(head + places)
	})
}

func placesIn(lines string) (places []call.Frame) {
	for line := range strings.SplitSeq(lines, "\n") {
		found := stackPlace.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		row, _ := strconv.Atoi(found[2])
		column, _ := strconv.Atoi(found[3])
		if places = append(places, call.Frame{Function: cut(found[1], maxNameUnits), File: FileName, Line: row, Column: column}); len(places) == maxFrames {
			break
		}
	}
	return places
}
