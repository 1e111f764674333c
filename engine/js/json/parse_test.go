package json_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/js/json"
)

// Index keys that come in descending order cost goja quadratic time when they are first listed.
func TestIndexKeysAreListedInLinearTime(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 96_000 {
		fmt.Fprintf(&text, `,"%d":1`, 99_999-i)
	}
	program, err := js.Compile("0")
	if err != nil {
		t.Fatal(err)
	}
	s := js.New(js.Config{Globals: js.NewGlobals(), Program: program, Limits: call.DefaultLimits})
	ending := s.Run(func() error {
		began := time.Now()
		value, err := json.Parse(s, "{"+text.String()[1:]+"}")
		if err != nil {
			return err
		}
		parsed := time.Since(began)
		began = time.Now()
		keys := value.ToObject(s.VM()).Keys()
		if took := time.Since(began); len(keys) != 96_000 || took > 8*parsed {
			t.Errorf("%d keys listed in %s, after a parse of %s", len(keys), took, parsed)
		}
		return nil
	})
	if ending != nil {
		t.Error(ending)
	}
}
