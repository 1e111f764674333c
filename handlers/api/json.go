// Package api answers the JSON API below /api/v1: reads, asks the engine once, writes.
// Access, limits and errors are package handlers'; the types are package v1's.
package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"picloud/engine/fault"
	"picloud/handlers/web"
)

// SourceBody is the limit in bytes of a request with a source: 1 MiB of text may take
// six times that where every character is escaped.
const SourceBody = 6<<20 + 64<<10

// read decodes a JSON body strictly: one value of the type, no field that we do not
// know, valid UTF-8 (RFC 8259, section 8.1).
func read(r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return fault.New(fault.Unsupported, "Send the body as Content-Type: application/json.")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	if !utf8.Valid(body) {
		return fault.New(fault.Malformed, "The body is not valid UTF-8.")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return explainAll(body, into, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Malformed, "The body holds more than one JSON value.")
	}
	return web.WholeText(body)
}

// readOptional is read for a body that may be left out.
func readOptional(r *http.Request, into any) error {
	if r.ContentLength == 0 {
		return nil
	}
	return read(r, into)
}

// explainAll tells what is wrong with each field of an object, where encoding/json stops at the
// first one.
func explainAll(body []byte, into any, first error) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return explain(first)
	}
	var faults []fault.Field
	for _, name := range slices.Sorted(maps.Keys(members)) {
		key, err := json.Marshal(name)
		if err != nil {
			return explain(first)
		}
		decoder := json.NewDecoder(io.MultiReader(bytes.NewReader([]byte("{"+string(key)+":")), bytes.NewReader(members[name]), strings.NewReader("}")))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(reflect.New(reflect.TypeOf(into).Elem()).Interface()); err != nil && len(faults) < maxFaults {
			faults = append(faults, fault.Of(explain(err)).Fields...)
		}
	}
	if len(faults) == 0 {
		return explain(first)
	}
	return fault.AtFields(faults)
}

// maxFaults is how many are told at once.
const maxFaults = 20

// explain turns what encoding/json says into a fault; it gives unknown fields no type of
// their own.
func explain(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if wrong.Field == "" {
			return fault.New(fault.Malformed, "The body is a JSON %s, not an object.", wrong.Value)
		}
		return fault.AtField(wrong.Field, "%s cannot be a JSON %s.", wrong.Field, wrong.Value)
	}
	if quoted, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name, err := strconv.Unquote(quoted)
		if err != nil {
			name = quoted
		}
		if runes := []rune(name); len(runes) > 100 {
			name = string(runes[:100]) + "…"
		}
		return fault.AtField(name, "There is no field %q here.", name)
	}
	if wrong, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fault.New(fault.Malformed, "The body is not JSON: error at byte %d.", wrong.Offset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.Malformed, "The JSON body ends too early.")
	}
	return fault.New(fault.Malformed, "The body cannot be read as JSON.").Because(err)
}

func write(w http.ResponseWriter, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
	return nil
}

// Limits of a page.
const (
	defaultLimit = 50
	maxLimit     = 200
)

// query reads the parameters that a list knows and refuses all others.
func query(r *http.Request, known ...string) (map[string]string, error) {
	values, given := map[string]string{}, r.URL.Query()
	var faults []fault.Field
	refuse := func(name, format string, args ...any) {
		if len(faults) < maxFaults {
			faults = append(faults, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		list := given[name]
		switch {
		case !slices.Contains(known, name):
			there := "there is none"
			if len(known) > 0 {
				there = "there are " + strings.Join(known, ", ")
			}
			refuse(name, "There is no parameter %q here; %s.", name, there)
		case len(list) > 1:
			refuse(name, "The parameter %q is given %d times.", name, len(list))
		}
		values[name] = list[0]
	}
	return values, fault.AtFields(faults)
}

func limit(values map[string]string) (int, error) {
	text := values["limit"]
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return 0, fault.AtField("limit", "The limit is a number from 1 to %d, not %.20q.", maxLimit, text)
	}
	return n, nil
}
