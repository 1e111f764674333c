// Package paths is the dashboard's address book: one function per URL. A link, a form
// and a redirect take their address from here, so that an address is spelled once.
// Arguments are escaped; slugs and names are valid already, ids are in text form.
package paths

import (
	"net/url"
	"strconv"
)

// Draft and Live stand for the draft and for the version that is live now, where a
// version is named in an address.
const (
	Draft = "draft"
	Live  = "live"
)

// Setup is the one-time set-up page; an empty token leaves the query out (form target).
func Setup(token string) string { return query("/setup", "token", token) }

// Login is the sign-in page; next is the local path to go to afterwards, or empty.
func Login(next string) string { return query("/login", "next", next) }

// Logout takes a POST.
func Logout() string { return "/logout" }

// Home leads to the apps, or to the only one.
func Home() string { return "/" }

// Landing is Home for who comes from a form: the root is no path that the policy for
// forms can name (CSP Level 3, section 6.7.2.10).
func Landing() string { return "/apps?landing" }

// Apps is the list; POST creates.
func Apps() string { return "/apps" }

// NewApp is the form.
func NewApp() string { return "/apps/new" }

// App is an app's home.
func App(app string) string { return "/apps/" + url.PathEscape(app) }

// PublishTogether takes a POST.
func PublishTogether(app string) string { return App(app) + "/publish" }

// AppSettings is a page; POST renames.
func AppSettings(app string) string { return App(app) + "/settings" }

// DeleteApp takes a POST.
func DeleteApp(app string) string { return App(app) + "/delete" }

// Outbound is where an app's functions may send requests; POST changes it.
func Outbound(app string) string { return App(app) + "/outbound" }

// ListHosts takes the POST that makes a list of the hosts that were learnt.
func ListHosts(app string) string { return Outbound(app) + "/list" }

// ForgetHosts takes the POST that drops them.
func ForgetHosts(app string) string { return Outbound(app) + "/forget" }

// AppRuns are the runs of all scripts of an app.
func AppRuns(app string) string { return App(app) + "/runs" }

// AppRunsLive is a stream of server-sent events.
func AppRunsLive(app string) string { return AppRuns(app) + "/live" }

// Run is the page of one run.
func Run(app, execution string) string { return AppRuns(app) + "/" + url.PathEscape(execution) }

// Scripts takes the POST that creates a script.
func Scripts(app string) string { return App(app) + "/scripts" }

// NewScript is the form.
func NewScript(app string) string { return Scripts(app) + "/new" }

// NewModule is the form for one.
func NewModule(app string) string { return query(NewScript(app), "kind", "module") }

// NewScriptName tells what is to be said of a name that is being typed.
func NewScriptName(app string) string { return NewScript(app) + "/name" }

// Script is the editor.
func Script(app, script string) string { return Scripts(app) + "/" + url.PathEscape(script) }

// ScriptAt is the editor with the cursor at a place of the draft; both count from 1.
func ScriptAt(app, script string, line, column int) string {
	return Script(app, script) + "#L" + strconv.Itoa(line) + ":" + strconv.Itoa(column)
}

// UsedBy is the part of a module's page that tells who uses it.
func UsedBy(app, script string) string { return Script(app, script) + "#used-by" }

// ScriptFromRun is the editor with the run panel filled from an earlier run.
func ScriptFromRun(app, script, execution string) string {
	return query(Script(app, script), "from", execution)
}

// ScriptDraft takes the draft: POST as a form, PUT as JSON.
func ScriptDraft(app, script string) string { return Script(app, script) + "/draft" }

// TakeBack makes the draft what was set aside (POST).
func TakeBack(app, script string) string { return ScriptDraft(app, script) + "/back" }

// ScriptRun runs the draft (POST).
func ScriptRun(app, script string) string { return Script(app, script) + "/run" }

// Publish is the dialog; POST publishes.
func Publish(app, script string) string { return Script(app, script) + "/publish" }

// Builds is the part of the dialog that tells which scripts build with a module.
func Builds(app, script string) string { return query(Publish(app, script), "builds", "yes") }

// Versions is the history.
func Versions(app, script string) string { return Script(app, script) + "/versions" }

// AllVersions is the history with what was built anew for modules.
func AllVersions(app, script string) string { return query(Versions(app, script), "builds", "yes") }

// Version is one version's source.
func Version(app, script string, number int) string {
	return Versions(app, script) + "/" + strconv.Itoa(number)
}

// VersionLine is one line of it, from 1.
func VersionLine(app, script string, number, line int) string {
	return Version(app, script, number) + "#L" + strconv.Itoa(line)
}

// MakeLive is the page that asks who follows an older version of a module; POST makes a version
// live.
func MakeLive(app, script string, number int) string { return Version(app, script, number) + "/live" }

// TakeVersion is the page that makes a version's source the draft; POST does so.
func TakeVersion(app, script string, number int) string {
	return Version(app, script, number) + "/draft"
}

// Unpublish takes a POST.
func Unpublish(app, script string) string { return Script(app, script) + "/unpublish" }

// Diff compares two sides, each a version number in decimal, Draft or Live.
func Diff(app, script, from, to string) string {
	return query(Script(app, script)+"/diff", "from", from, "to", to)
}

// ScriptRuns are the runs of one script.
func ScriptRuns(app, script string) string { return Script(app, script) + "/runs" }

// ScriptRunsLive is a stream of server-sent events.
func ScriptRunsLive(app, script string) string { return ScriptRuns(app, script) + "/live" }

// ScriptSettings is a page; POST saves description and capture.
func ScriptSettings(app, script string) string { return Script(app, script) + "/settings" }

// ReleaseScript takes a POST.
func ReleaseScript(app, script string) string { return Script(app, script) + "/release" }

// ReleaseApp takes a POST.
func ReleaseApp(app string) string { return App(app) + "/release" }

// ScriptKind takes the POST that makes a module of an endpoint, or the other way round.
func ScriptKind(app, script string) string { return Script(app, script) + "/kind" }

// RenameScript takes a POST.
func RenameScript(app, script string) string { return Script(app, script) + "/rename" }

// DeleteScript takes a POST.
func DeleteScript(app, script string) string { return Script(app, script) + "/delete" }

// Variables are the variables and secrets of an app, or those that a script gets where one is
// named; POST adds one.
func Variables(app, script string) string {
	if script == "" {
		return App(app) + "/variables"
	}
	return Script(app, script) + "/variables"
}

// Variable is the page of one, of a script's own where one is named; POST changes its value.
func Variable(app, script, name string) string {
	return Variables(app, script) + "/" + url.PathEscape(name)
}

// DeleteVariable takes a POST.
func DeleteVariable(app, script, name string) string { return Variable(app, script, name) + "/delete" }

// PasteVariables is the form for a whole .env file; POST shows what it would change. No variable
// has a name with a hyphen.
func PasteVariables(app, script string) string { return Variables(app, script) + "/env-file" }

// ApplyVariables takes the POST that sets what was pasted.
func ApplyVariables(app, script string) string { return PasteVariables(app, script) + "/apply" }

// Profile is the viewer's own page.
func Profile() string { return "/profile" }

// Password takes a POST.
func Password() string { return "/profile/password" }

// RevokeSession takes a POST.
func RevokeSession(session string) string {
	return "/profile/sessions/" + url.PathEscape(session) + "/revoke"
}

// Keys takes the POST that creates an API key.
func Keys() string { return "/profile/keys" }

// RevokeKey takes a POST.
func RevokeKey(key string) string { return "/profile/keys/" + url.PathEscape(key) + "/revoke" }

// Search is the page of results; asked by htmx it answers with the list alone.
func Search(text string) string { return query("/search", "q", text) }

// Preview is what the sandboxed frame of an answer loads.
func Preview(token string) string { return "/preview/" + url.PathEscape(token) }

// With replaces query parameters of an address; pairs with an empty value are removed.
func With(address string, pairs ...string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	values := u.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			values.Del(pairs[i])
		} else {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	u.RawQuery = values.Encode()
	return u.String()
}

func query(path string, pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// Docs is a page of the documentation; "" lists them all.
func Docs(page string) string {
	if page == "" {
		return "/docs"
	}
	return "/docs/" + url.PathEscape(page)
}

// Reference lists what functions may use; asked by a script it is the panel beside the editor.
func Reference() string { return Docs("reference") }
