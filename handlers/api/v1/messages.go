// Package v1 holds the types of the JSON API below /api/v1 and a client for it. It uses
// the standard library only, so that programs may take it as it is. Times are RFC 3339,
// in UTC; durations are whole microseconds, but where their name ends in _ms; ids are UUIDs in their 36-character form.
package v1

import (
	"encoding/json"
	"time"
)

// Problem is what every failed request answers (RFC 9457); it is an error.
type Problem struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Detail    string       `json:"detail,omitempty"`
	RequestID string       `json:"request_id,omitempty"`
	Errors    []FieldFault `json:"errors,omitempty"`
}

// FieldFault is what is wrong with one field. Line and column (from 1) are set for
// faults in a source, Current for a number that is not the one in effect.
type FieldFault struct {
	Field   string `json:"field"`
	Message string `json:"message"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Current *int   `json:"current,omitempty"`
}

// App is a tenant.
type App struct {
	ID          string    `json:"id"`
	Slug        string    `json:"slug"`
	Name        string    `json:"name"`
	Scripts     int       `json:"scripts"`
	LiveScripts int       `json:"live_scripts"`
	Paused      bool      `json:"paused,omitempty"` // all its calls are refused
	CreatedAt   time.Time `json:"created_at"`
}

// NewApp is the body of POST /apps. An empty name is the slug.
type NewApp struct {
	Slug string `json:"slug"`
	Name string `json:"name,omitempty"`
}

// Apps is the answer of GET /apps: all that the key may see.
type Apps struct {
	Apps []App `json:"apps"`
}

// Script is a named function of an app.
type Script struct {
	ID          string    `json:"id"`
	App         string    `json:"app"` // slug
	Name        string    `json:"name"`
	Kind        string    `json:"kind"` // "endpoint", or "module", which others import and which has no URL
	Description string    `json:"description"`
	Language    string    `json:"language"`         // "typescript", "tsx" or "javascript"
	Capture     string    `json:"capture"`          // what of requests is kept: "off", "heads" or "all"
	LiveVersion *int      `json:"live_version"`     // null: not published
	Paused      *Pause    `json:"paused,omitempty"` // of what is live; only where scripts are asked for
	URL         string    `json:"url,omitempty"`    // of an endpoint
	Source      *string   `json:"source,omitempty"` // of the live version; only where one script is asked for
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`

	Imports    []Import `json:"imports,omitempty"`    // the modules in the live version; only where one script is asked for
	Dependents []Import `json:"dependents,omitempty"` // of a module: the scripts that have it in their live versions
	Exports    []Export `json:"exports,omitempty"`    // of a module's live version
}

// Import is a script that another one imports, or that imports it.
type Import struct {
	Name    string `json:"name"`
	Version int    `json:"version"` // of Name
	Follows bool   `json:"follows"` // publishing the module builds the importer anew; otherwise the import names a version
	Direct  bool   `json:"direct"`  // otherwise by way of other modules
}

// Export is what a module exports.
type Export struct {
	Name      string `json:"name"`
	Signature string `json:"signature,omitempty"`
	Doc       string `json:"doc,omitempty"`
	Type      bool   `json:"type,omitempty"`
}

// Pause is why the calls of a script are refused: its runs have ended the worker process
// again and again.
type Pause struct {
	At         time.Time `json:"at"`
	Why        string    `json:"why"`        // what the last run did
	Executions []string  `json:"executions"` // the runs, the last first
}

// NewScript is the body of POST /apps/{app}/scripts: a script with a draft that is not
// published. Without a source the draft is a working example.
type NewScript struct {
	Name        string `json:"name"`
	Kind        string `json:"kind,omitempty"` // "endpoint" if empty
	Description string `json:"description,omitempty"`
	Language    string `json:"language,omitempty"` // "typescript" if empty
	Source      string `json:"source,omitempty"`
}

// PutScript is the body of PUT /apps/{app}/scripts/{script}: the source becomes a new
// version and goes live; a script that is not there is made.
type PutScript struct {
	Source    *string `json:"source"`
	Note      string  `json:"note,omitempty"`
	Language  string  `json:"language,omitempty"`   // of a new script, "typescript" if empty; of one that is there its own
	Kind      string  `json:"kind,omitempty"`       // of a new script, "endpoint" if empty; of one that is there its own
	IfVersion *int    `json:"if_version,omitempty"` // publish only while this version is live, or a build of it for newer modules; 0: only if none is

	Follow json.RawMessage `json:"follow,omitempty"` // of a module: true (if left out), false, or the names of the scripts that follow
}

// PublishTogether is the body of POST /apps/{app}/publish: the drafts of all these scripts go live
// in one step, or none does.
type PublishTogether struct {
	Scripts []string        `json:"scripts"`
	Note    string          `json:"note,omitempty"`
	Follow  json.RawMessage `json:"follow,omitempty"` // as that of PutScript
}

// PublishedTogether is the answer to it, in the order of the scripts.
type PublishedTogether struct {
	Published []Published `json:"published"`
	Followed  []Followed  `json:"followed,omitempty"`
	Failed    []Failed    `json:"failed,omitempty"`
}

// PatchScript is the body of PATCH /apps/{app}/scripts/{script}: settings that need no new
// version. What is left out stays. Another language is that of the next version.
type PatchScript struct {
	Description *string `json:"description,omitempty"`
	Capture     *string `json:"capture,omitempty"`
	Language    *string `json:"language,omitempty"`
	Kind        *string `json:"kind,omitempty"`
	Unpublish   bool    `json:"unpublish,omitempty"` // what is live goes off when the kind changes
}

// Published is the answer of PUT.
type Published struct {
	Script    Script `json:"script"`
	Version   int    `json:"version"`
	Unchanged bool   `json:"unchanged,omitempty"` // this source was live already; no version was made
	URL       string `json:"url,omitempty"`       // of an endpoint

	Warnings []FieldFault `json:"warnings,omitempty"` // what in the source will probably fail when it runs
	Followed []Followed   `json:"followed,omitempty"` // scripts that follow the module and got a new version with it
	Failed   []Failed     `json:"failed,omitempty"`   // scripts that would follow it and do not build with it; they stay as they are
}

// Followed is a script that got a new version because it follows a module.
type Followed struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
}

// Failed is a script that does not build with a new version of a module.
type Failed struct {
	Name   string       `json:"name"`
	Errors []FieldFault `json:"errors"`
}

// MadeLive is the answer to making a version live.
type MadeLive struct {
	Script
	Followed []Followed `json:"followed,omitempty"`
	Failed   []Failed   `json:"failed,omitempty"`
}

// Scripts is one page by name. Next is the after of the next page, empty on the last.
type Scripts struct {
	Scripts []Script `json:"scripts"`
	Next    string   `json:"next,omitempty"`
}

// Version is one immutable publication.
type Version struct {
	Number    int       `json:"number"`
	Live      bool      `json:"live"`
	Kind      string    `json:"kind"` // as that of Script; only versions of its kind go live
	Language  string    `json:"language"`
	Author    string    `json:"author"`
	Note      string    `json:"note"`
	Size      int       `json:"size"` // bytes of source
	CreatedAt time.Time `json:"created_at"`
	Follows   int       `json:"follows,omitempty"` // the version of which this is another build, made for newer modules
}

// Versions is one page, newest first. Next is the before of the next page, empty on the last.
type Versions struct {
	Versions []Version `json:"versions"`
	Next     string    `json:"next,omitempty"`
}

// MakeLive is the body of POST …/versions/{n}/live; it may be left out.
type MakeLive struct {
	Note   string          `json:"note,omitempty"`
	Follow json.RawMessage `json:"follow,omitempty"` // as that of PutScript
}

// Variable is a value that functions read, and whoever may read the app.
type Variable struct {
	Name   string    `json:"name"`
	Script string    `json:"script,omitempty"` // whose own value it is, in the place of the app's; missing: the app's
	Value  string    `json:"value"`
	Size   int       `json:"size"` // bytes of the value
	SetAt  time.Time `json:"set_at"`
	SetBy  string    `json:"set_by"`
	UsedBy []string  `json:"used_by"` // names of the scripts that name it in what is live
}

// Variables are all of an app, or of a script, by name.
type Variables struct {
	Variables []Variable `json:"variables"`
}

// Secret is a value that functions read and nobody else: what is known of it.
type Secret struct {
	Name       string     `json:"name"`
	Script     string     `json:"script,omitempty"` // as that of Variable
	Size       int        `json:"size"`
	SetAt      time.Time  `json:"set_at"`
	SetBy      string     `json:"set_by"`
	UsedAt     *time.Time `json:"used_at,omitempty"` // when a function last read it, to the minute; missing: never
	UsedBy     []string   `json:"used_by"`
	MissingKey string     `json:"missing_key,omitempty"` // of the key that is not here and without which no function can read it
}

// Secrets are all of an app, or of a script, by name.
type Secrets struct {
	Secrets []Secret `json:"secrets"`
}

// PutValue is the body of PUT …/variables/{name} and …/secrets/{name}.
type PutValue struct {
	Value *string `json:"value,omitempty"`
}

// Outbound is where the functions of an app may send requests of their own.
type Outbound struct {
	Mode     string     `json:"mode"`             // "open", "learn" or "listed"
	Hosts    []string   `json:"hosts"`            // the only ones in the mode "listed"
	Networks []string   `json:"networks"`         // opened beyond the public internet
	SetAt    *time.Time `json:"set_at,omitempty"` // missing: nobody has set it
	SetBy    string     `json:"set_by,omitempty"`
	Seen     []SeenHost `json:"seen,omitzero"` // missing but in the mode "learn"
}

// SeenHost is a host that a script called while the mode was "learn".
type SeenHost struct {
	Script  string    `json:"script"`
	Host    string    `json:"host"`     // with its port where that does not go without saying
	FirstAt time.Time `json:"first_at"` // up to a minute after the call
	LastAt  time.Time `json:"last_at"`
}

// PutOutbound is the body of PUT …/outbound. A list that is left out is empty.
type PutOutbound struct {
	Mode     string   `json:"mode"`
	Hosts    []string `json:"hosts,omitempty"`
	Networks []string `json:"networks,omitempty"`
}

// Execution is one run of a function.
type Execution struct {
	ID        string    `json:"id"`
	App       string    `json:"app"`    // slug
	Script    string    `json:"script"` // the name it had
	ScriptID  string    `json:"script_id"`
	Version   int       `json:"version"` // 0: the draft
	Trigger   string    `json:"trigger"`
	Parent    string    `json:"parent,omitempty"` // the run that asked for it
	Root      string    `json:"root,omitempty"`   // the run with which it began
	Depth     int       `json:"depth,omitempty"`  // runs between it and the root
	Subject   string    `json:"subject"`          // what it was about, in short: "GET /orders/7?all=1"; secrets in it are hidden
	Method    string    `json:"method,omitempty"` // of an HTTP request
	Path      string    `json:"path,omitempty"`   // of an HTTP request
	Status    int       `json:"status"`
	Outcome   string    `json:"outcome"`
	StartedAt time.Time `json:"started_at"`
	Wall      int64     `json:"wall_us"`
	CPU       int64     `json:"cpu_us"` // executing; waits not counted
	LogLines  int       `json:"log_lines"`
	Others    int64     `json:"others,omitempty"`   // more calls like this one in the same minute, refused as well; they have no id of their own
	LeftOut   string    `json:"left_out,omitempty"` // what the app's share of the history had no room for: "messages" or "log and messages"
	Error     *Failure  `json:"error,omitempty"`
	Log       []Line    `json:"log,omitempty"`      // only where one run is asked for
	Timeline  []Span    `json:"timeline,omitempty"` // only there; in the order in which they began
}

// Span is a stretch of a run's time in which it waited, or something outside that it asked for
// meanwhile. Spans may overlap. They are kept as messages are.
type Span struct {
	Kind      string `json:"kind"`              // "wait" or "fetch"
	Subject   string `json:"subject,omitempty"` // of a request: "GET https://api.example.com/v1/users"
	Start     int64  `json:"start_us"`          // since the run began
	Took      int64  `json:"took_us"`
	Status    int    `json:"status,omitempty"`    // of an answer; missing: there was none
	Sent      int64  `json:"sent,omitempty"`      // bytes of the body that was sent
	Received  int64  `json:"received,omitempty"`  // bytes of the body that came, decoded
	Failure   string `json:"failure,omitempty"`   // why it came to nothing
	Note      string `json:"note,omitempty"`      // what else there is to know
	Execution string `json:"execution,omitempty"` // the run that it was
}

// Failure is why a run did not end ok.
type Failure struct {
	Name    string  `json:"name,omitempty"`
	Message string  `json:"message"`
	Stack   []Frame `json:"stack,omitempty"`
	Limit   *Limit  `json:"limit,omitempty"` // the bound that the run reached
}

// Limit is a bound of a run.
type Limit struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
	Unit  string `json:"unit"` // of the value: "ms", "calls", "bytes"
}

// Frame is a place in the script's source.
type Frame struct {
	Function string `json:"function,omitempty"`
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
}

// Line is one line of a run's log.
type Line struct {
	At      time.Time       `json:"at"`
	Level   string          `json:"level"`
	Message string          `json:"message"`
	Fields  json.RawMessage `json:"fields,omitempty"` // an object
}

// Executions is one page, newest first. Next is the before of the next page, empty on the last.
type Executions struct {
	Executions []Execution `json:"executions"`
	Next       string      `json:"next,omitempty"`
	SearchedTo *time.Time  `json:"searched_to,omitempty"` // only runs from then on were looked at; next goes on from there
}

// Build is the answer of GET /version.
type Build struct {
	Version string `json:"version"`
	Go      string `json:"go"`
}

// Health is the answer of GET /healthz and /readyz. Checks are "ok" or what is wrong.
type Health struct {
	Status string            `json:"status"` // "ok" or "unavailable"
	Checks map[string]string `json:"checks,omitempty"`
	// What should be looked at while all works, by what it is about.
	Warnings map[string]string `json:"warnings,omitempty"`
}
