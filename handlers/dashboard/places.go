package dashboard

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// around is how many lines of source are shown on each side of a failure.
const around = 2

// source is what a run ran, and the page that shows it.
type source struct {
	file string // as stack frames name it
	text string // empty: not kept
	url  func(line, column int) string

	others map[string]other // the other files of its program, by the names that frames have
}

// other is a file that is not the one a page is about.
type other struct {
	url  string // of its page; with a version, of its line there
	text string // empty: not read, or not kept
	line func(line, column int) string
}

func draftSource(app string, s script.Script, text string) source {
	return source{file: s.File(), text: text, url: func(line, column int) string { return paths.ScriptAt(app, s.Name, line, column) }}
}

func versionSource(app string, s script.Script, version script.Version) source {
	return source{file: s.File(), text: version.Source, url: func(line, _ int) string { return paths.VersionLine(app, s.Name, version.Number, line) }}
}

// failureProps is the card that tells the script's owner what went wrong.
func failureProps(outcome call.Outcome, failure call.Failure, limit execution.Limit, of source) views.FailureProps {
	props := views.FailureProps{Title: failureTitle(outcome, failure.Name), Message: failure.Message, Advice: advice(outcome, limit, failure.Message)}
	if props.Message == "" {
		props.Message = failureMessage(outcome)
	}
	for _, frame := range failure.Stack {
		at := of.place(frame)
		props.Stack = append(props.Stack, views.StackFrame{Function: frame.Function, Place: at})
		if frame.Line == 0 || props.Source != nil {
			continue
		}
		if shown, column := excerpt(of.textOf(frame.File), frame); shown != nil {
			props.Place, props.Source, props.Column = at, shown, column
		} else if frame.File == of.file && props.Place.Text == "" {
			props.Place = at
		}
	}
	if props.Place.Text == "" && len(props.Stack) > 0 {
		props.Place = props.Stack[0].Place
	}
	return props
}

func (s source) place(frame call.Frame) views.Place {
	if frame.Line == 0 {
		return views.Place{Text: frame.File}
	}
	place := views.Place{Text: fmt.Sprintf("%s:%d:%d", frame.File, frame.Line, frame.Column)}
	if elsewhere, found := s.others[frame.File]; found {
		if place.URL = elsewhere.url; elsewhere.line != nil {
			place.URL = elsewhere.line(frame.Line, frame.Column)
		}
		return place
	}
	if place.Line, place.Column = frame.Line, frame.Column; frame.File == s.file && s.text != "" {
		place.URL = s.url(frame.Line, frame.Column)
	}
	return place
}

func (s source) textOf(file string) string {
	if file == s.file {
		return s.text
	}
	return s.others[file].text
}

// excerpt is the line of a frame with its neighbours, and the column in characters,
// where frames count UTF-16 code units. No lines: the source is another one.
func excerpt(source string, frame call.Frame) ([]ui.CodeLine, int) {
	lines := strings.Split(source, "\n")
	if source == "" || frame.Line > len(lines) {
		return nil, 0
	}
	var shown []ui.CodeLine
	for n := max(1, frame.Line-around); n <= min(len(lines), frame.Line+around); n++ {
		shown = append(shown, ui.CodeLine{Number: n, Text: clip(strings.TrimSuffix(lines[n-1], "\r"), 500), Hit: n == frame.Line})
	}
	column, units := 1, 1
	for _, r := range lines[frame.Line-1] {
		if units >= frame.Column {
			break
		}
		column, units = column+1, units+1
		if r > 0xFFFF {
			units++
		}
	}
	if frame.Column < 1 || column > 500 {
		column = 0
	}
	return shown, column
}

// spot is where a file of a program can be read.
type spot struct {
	script  id.Script
	name    string
	version int     // 0: nobody knows which; its page is all that can be shown
	draft   *string // the text, of a draft
}

// finder finds files of a program by the names that frames have.
type finder func(file string) (spot, bool)

// among finds the modules of a program.
func among(uses []script.Use) finder {
	return func(file string) (spot, bool) {
		for _, use := range uses {
			if use.File == file && !use.Gone {
				return spot{script: use.Script, name: use.Name, version: use.Version}, true
			}
		}
		return spot{}, false
	}
}

// elsewhere looks up the files of a stack that are not the one a page is about. The text is read of
// the innermost, which is the one that is shown.
func (d *Dashboard) elsewhere(r *http.Request, own string, stack []call.Frame, find finder) map[string]other {
	state, others, read := web.Of(r), map[string]other{}, false
	for _, frame := range stack {
		if _, known := others[frame.File]; known || frame.Line == 0 {
			continue
		}
		if frame.File == own {
			read = true
			continue
		}
		at, found := find(frame.File)
		if !found {
			continue
		}
		one := other{url: paths.Script(state.App.Slug, at.name)}
		switch {
		case at.draft != nil:
			one.text = *at.draft
			one.line = func(line, column int) string { return paths.ScriptAt(state.App.Slug, at.name, line, column) }
		case at.version > 0:
			one.line = func(line, _ int) string { return paths.VersionLine(state.App.Slug, at.name, at.version, line) }
			if version, err := d.Scripts.Version(r.Context(), state.Grant, at.script, at.version); err == nil && !read {
				one.text = version.Source // without it the place is told alone
			}
		}
		others[frame.File], read = one, true
	}
	return others
}

// trialSource is what a draft run ran: the draft of the page, and what it was run with.
func (d *Dashboard) trialSource(r *http.Request, a *draftRun, stack []call.Frame) source {
	state := web.Of(r)
	of, modules := draftSource(state.App.Slug, state.Script, a.draft.Source), among(a.trial.Modules)
	of.others = d.elsewhere(r, of.file, stack, func(file string) (spot, bool) {
		if ran := a.trial.Script; file == ran.File() {
			return spot{script: ran.ID, name: ran.Name, version: ran.LiveVersion}, true
		}
		return modules(file)
	})
	return of
}

// ranProps tell what a draft was run with.
func ranProps(draft script.Script, trial script.Trial) views.RanProps {
	var props views.RanProps
	if trial.Script.ID != draft.ID {
		props.Function, props.Version, props.Draft = trial.Script.Name, trial.Script.LiveVersion, draft.Name
	}
	for _, use := range useRows(trial.Modules) {
		if use.Version > 0 {
			props.Modules = append(props.Modules, use)
		}
	}
	return props
}

// byName finds modules by what the names of files say, for a run of which nobody knows what was in
// its program: what is live since before then.
func (d *Dashboard) byName(r *http.Request, then time.Time) finder {
	return func(file string) (spot, bool) {
		top, below, nested := strings.Cut(file, "/")
		if !nested {
			if dot := strings.LastIndexByte(top, '.'); dot >= 0 {
				top = top[:dot]
			}
		}
		name, number, pinned := strings.Cut(top, "@")
		found, err := d.Scripts.Find(r.Context(), web.Of(r).Grant, name)
		if err != nil || found.Kind != script.Module {
			return spot{}, false
		}
		at := spot{script: found.ID, name: found.Name}
		if at.version, err = strconv.Atoi(number); !pinned {
			at.version = 0
			if found.LiveVersion > 0 && found.PublishedAt.Before(then) {
				at.version = found.LiveVersion
			}
		} else if err != nil {
			return spot{}, false
		}
		if !nested {
			return at, true
		}
		uses, err := d.Scripts.Modules(r.Context(), web.Of(r).Grant, at.script, at.version)
		if err != nil {
			return spot{}, false
		}
		return among(uses)(below)
	}
}

// draftOf finds the draft that a run was made with, as long as it was not saved again since.
func (d *Dashboard) draftOf(r *http.Request, module string, then time.Time, others finder) finder {
	return func(file string) (spot, bool) {
		if !strings.HasPrefix(file, module+".") {
			return others(file)
		}
		found, err := d.Scripts.Find(r.Context(), web.Of(r).Grant, module)
		if err != nil {
			return spot{}, false
		}
		at := spot{script: found.ID, name: found.Name}
		draft, err := d.Scripts.Draft(r.Context(), web.Of(r).Grant, found.ID)
		if err == nil && !draft.SavedAt.After(then) {
			at.draft = &draft.Source
		}
		return at, true
	}
}

// runSource is the source that a run ran, without text where it is not kept. A draft that was saved
// again since is not that source.
func (d *Dashboard) runSource(r *http.Request, run execution.Identity, stack []call.Frame, current script.Script) (source, error) {
	state := web.Of(r)
	if current.ID.IsZero() {
		return source{}, nil
	}
	of, find, number := source{}, d.byName(r, run.Started), run.Version
	switch {
	case number > 0:
		uses, err := d.Scripts.Modules(r.Context(), state.Grant, current.ID, number)
		if err != nil {
			return source{}, err
		}
		find = among(uses)
	case run.Cause.Source != "": // what was live of it, with the draft of a module
		if find = d.draftOf(r, run.Cause.Source, run.Started, find); current.PublishedAt.Before(run.Started) {
			number = current.LiveVersion
		}
	default:
		draft, err := d.Scripts.Draft(r.Context(), state.Grant, current.ID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return source{}, err
		}
		if err == nil && !draft.SavedAt.After(run.Started) {
			of = draftSource(state.App.Slug, current, draft.Source)
		}
	}
	if number > 0 {
		version, err := d.Scripts.Version(r.Context(), state.Grant, current.ID, number)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return source{}, err
		}
		if err == nil {
			of = versionSource(state.App.Slug, current, version)
		}
	}
	of.file = ownFile(run, stack, find)
	of.others = d.elsewhere(r, of.file, stack, find)
	return of, nil
}

// ownFile is how the file of the script itself was called when its program was built: it may have
// been renamed since.
func ownFile(run execution.Identity, stack []call.Frame, find finder) string {
	first := ""
	for _, frame := range stack {
		if strings.HasPrefix(frame.File, run.ScriptName+".") {
			return frame.File
		}
		if _, isModule := find(frame.File); !isModule && first == "" {
			first = frame.File
		}
	}
	return first
}
