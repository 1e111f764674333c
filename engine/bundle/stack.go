package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"sort"
	"strings"

	"picloud/engine/call"
)

// Stack turns places in a program into places in the person's own file, columns in UTF-16
// code units. Frames in helper code that was added by the build are dropped.
func (m SourceMap) Stack(frames []call.Frame) []call.Frame {
	if len(frames) == 0 {
		return nil
	}
	own := make([]call.Frame, 0, len(frames))
	for _, frame := range frames {
		if mapped, ok := m.find(frame); ok {
			own = append(own, mapped)
		}
	}
	return own
}

// PlaceMark begins each place in the text of a log line.
const PlaceMark = "\n    at "

// Line makes the places of a log line part of its text.
func (m SourceMap) Line(line call.Line) call.Line {
	line.Message += m.Text(line.Stack)
	line.Stack = nil
	return line
}

// Text is Stack as other engines write one, without the error.
func (m SourceMap) Text(frames []call.Frame) string {
	var text strings.Builder
	for _, frame := range m.Stack(frames) {
		place := fmt.Sprintf("%s:%d:%d", frame.File, frame.Line, frame.Column)
		if frame.Function != "" {
			place = frame.Function + " (" + place + ")"
		}
		text.WriteString(PlaceMark + place)
	}
	return text.String()
}

// segment is one mapping of a generated line; source -1 is text without an origin.
type segment struct {
	column, source, line, sourceColumn int // all from 0
}

// SourceMap is a decoded map: the segments of each generated line, by column. The zero
// value knows no place.
type SourceMap struct {
	sources []string
	lines   [][]segment
}

// ReadMap reads a source map. One that cannot be read knows no place, since none could be
// trusted.
func ReadMap(text string) SourceMap {
	m, err := parseMap(text)
	if err != nil {
		return SourceMap{}
	}
	return m
}

// The libraries for reading maps lose segments without an origin, by which helper code
// is told from a person's, so the few lines of the format (ECMA-426, "Decoding source
// maps") are here.
func parseMap(text string) (SourceMap, error) {
	var file struct {
		Version  int      `json:"version"`
		Sources  []string `json:"sources"`
		Mappings string   `json:"mappings"`
	}
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		return SourceMap{}, err
	}
	if file.Version != 3 {
		return SourceMap{}, errors.New("source map is not of revision 3")
	}
	m := SourceMap{sources: file.Sources}
	var source, line, column int
	for text := range strings.SplitSeq(file.Mappings, ";") {
		var segments []segment
		generated := 0
		for field := range strings.SplitSeq(text, ",") {
			values, err := decodeVLQ(field)
			if err != nil {
				return SourceMap{}, err
			}
			if len(values) == 0 {
				continue
			}
			generated += values[0]
			next := segment{column: generated, source: -1}
			if len(values) >= 4 {
				source, line, column = source+values[1], line+values[2], column+values[3]
				next.source, next.line, next.sourceColumn = source, line, column
			}
			segments = append(segments, next)
		}
		m.lines = append(m.lines, segments)
	}
	return m, nil
}

const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// decodeVLQ reads the numbers of one segment: 5 bits a digit, the sixth says that more
// follow, the lowest of a number is its sign.
func decodeVLQ(field string) ([]int, error) {
	var values []int
	value, shift := 0, 0
	for i := range len(field) {
		digit := strings.IndexByte(base64, field[i])
		if digit < 0 || shift > 30 {
			return nil, errors.New("source map has a broken segment")
		}
		value |= (digit & 31) << shift
		if digit&32 != 0 {
			shift += 5
			continue
		}
		if value&1 != 0 {
			value = -value
		}
		values = append(values, value/2)
		value, shift = 0, 0
	}
	if shift != 0 {
		return nil, errors.New("source map ends within a number")
	}
	return values, nil
}

func (m SourceMap) find(frame call.Frame) (call.Frame, bool) {
	if frame.Line < 1 || frame.Line > len(m.lines) {
		return call.Frame{}, false
	}
	segments := m.lines[frame.Line-1]
	after := sort.Search(len(segments), func(i int) bool { return segments[i].column > frame.Column-1 })
	if after == 0 {
		return call.Frame{}, false
	}
	found := segments[after-1]
	if found.source < 0 || found.source >= len(m.sources) || found.line < 0 || found.sourceColumn < 0 {
		return call.Frame{}, false
	}
	file := m.sources[found.source]
	if strings.HasPrefix(file, sdkNamespace+":") {
		return call.Frame{}, false
	}
	file = strings.TrimPrefix(file, appScheme)
	frame.File, frame.Line, frame.Column = file, found.line+1, found.sourceColumn+1
	frame.Function = ownName(file, frame.Function)
	return frame, true
}

// ownName takes back the name esbuild gives to an anonymous default export.
func ownName(file, function string) string {
	stem, isDefault := strings.CutSuffix(function, "_default")
	base := strings.TrimSuffix(path.Base(file), path.Ext(file))
	if isDefault && strings.NewReplacer("-", "_", "@", "_").Replace(base) == strings.TrimPrefix(stem, "_") {
		return "default"
	}
	return function
}
