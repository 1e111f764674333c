package log

import (
	"encoding/json"
	"strings"
)

// encode writes members as a JSON object, nothing for none.
func encode(members []member) string {
	if len(members) == 0 {
		return ""
	}
	var out strings.Builder
	for i, m := range members {
		out.WriteByte("{,"[min(i, 1)])
		out.WriteString(quote(m.name))
		out.WriteByte(':')
		out.WriteString(m.value)
	}
	out.WriteByte('}')
	return out.String()
}

func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		return `""`
	}
	return string(quoted)
}
