package js

import "github.com/dop251/goja"

// Inspect gives a value as a text for people. It may run code of the script, so it is called
// inside Run only.
func (s *Sandbox) Inspect(value goja.Value) string {
	if value == nil {
		return ""
	}
	if _, ok := value.(*goja.Object); !ok {
		return clip(value, maxMessageUnits)
	}
	return "[object]"
}
