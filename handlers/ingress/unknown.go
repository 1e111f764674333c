package ingress

import (
	"net"
	"net/http"
	"regexp"
	"strings"
)

// hostForm is that of hosts which may stand in a setting as they are.
var hostForm = regexp.MustCompile(`^([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(:[0-9]{1,5})?$`)

const longestHost = 100

// unknown is the answer at a host that is nobody's. It says what to set to have it answer,
// and nothing of what is set: anybody may ask.
func (e *Edge) unknown(from caller) refusal {
	why := refusal{status: http.StatusMisdirectedRequest, title: "Unknown host"}
	why.detail = "Neither the dashboard nor an app is at the host " + printable(from.host) + ". "
	parts := hostForm.FindStringSubmatch(from.host)
	if len(from.host) > longestHost || parts == nil {
		why.detail += "If this server is yours: --base-url says where the dashboard is, --functions-host below which name the apps are."
		return why
	}
	name, port := parts[1], parts[2]
	if e.Alone { // its port is not that of the base URL
		port = ""
	}
	why.detail += "If this server is yours, start it with --base-url " + from.proto + "://" + name + port + " to have the dashboard here"
	first, rest, _ := strings.Cut(name, ".")
	if strings.Contains(rest, ".") && !e.Alone && net.ParseIP(name) == nil {
		why.detail += ", or with --functions-host " + rest + " to have the app " + first + " here"
	}
	why.detail += "."
	return why
}
