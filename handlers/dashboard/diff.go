package dashboard

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"

	"picloud/engine/fault"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// Diff compares two sides, each a version's number, "draft" or "live", with their modules.
func (d *Dashboard) Diff(w http.ResponseWriter, r *http.Request) error {
	state := web.Of(r)
	f, head, err := d.scriptFrame(r, nil)
	if err != nil {
		return err
	}
	versions, _, err := d.Scripts.OwnVersions(r.Context(), state.Grant, state.Script.ID, 0, 0)
	if err != nil {
		return err
	}
	from, err := d.side(r, "from", state.Script.LiveVersion)
	if err != nil {
		return err
	}
	to, err := d.side(r, "to", 0)
	if err != nil {
		return err
	}
	found, err := d.Scripts.Diff(r.Context(), state.Grant, state.Script.ID, from, to)
	if err != nil {
		return err
	}
	modules, err := d.Scripts.DiffModules(r.Context(), state.Grant, state.Script.ID, from, to)
	if err != nil {
		return err
	}
	live := state.Script.LiveVersion
	return d.page(w, r, http.StatusOK, views.Diff(f, views.DiffPageProps{
		Script: head, From: side(from, live), To: side(to, live), Sides: sides(versions, live, from, to), Diff: diffProps(found),
		Modules: moduleDiffs(state.App.Slug, modules), Live: live,
	}))
}

// side reads one side of a comparison as a version's number; 0 is the draft.
func (d *Dashboard) side(r *http.Request, name string, fallback int) (int, error) {
	switch text := r.URL.Query().Get(name); text {
	case "":
		return fallback, nil
	case paths.Draft:
		return 0, nil
	case paths.Live:
		if live := web.Of(r).Script.LiveVersion; live > 0 {
			return live, nil
		}
		return 0, fault.New(fault.NotFound, "Nothing is live.")
	default:
		return versionNumber(text)
	}
}

func side(number, live int) views.DiffSide {
	switch number {
	case 0:
		return views.DiffSide{Key: paths.Draft, Label: "Draft"}
	case live:
		return views.DiffSide{Key: strconv.Itoa(number), Label: fmt.Sprintf("v%d, live", number)}
	}
	return views.DiffSide{Key: strconv.Itoa(number), Label: fmt.Sprintf("v%d", number)}
}

// sides are all to choose from: the draft, the newest versions that persons published, and the chosen
// ones.
func sides(versions []script.Version, live int, chosen ...int) []views.DiffSide {
	list, seen := []views.DiffSide{side(0, live)}, map[int]bool{0: true}
	for _, v := range versions {
		seen[v.Number] = true
		list = append(list, side(v.Number, live))
	}
	for _, number := range append(chosen, live) {
		if !seen[number] {
			seen[number] = true
			list = append(list, side(number, live))
		}
	}
	return list
}

// diffProps is a difference as the page draws it.
func diffProps(found script.Difference) ui.DiffProps {
	props := ui.DiffProps{Added: found.Added, Removed: found.Removed}
	for _, hunk := range found.Hunks {
		lines := make([]ui.DiffLine, len(hunk))
		for i, line := range hunk {
			lines[i] = ui.DiffLine{Kind: lineKind(line.Kind), Old: line.Old, New: line.New, Text: line.Text}
		}
		props.Hunks = append(props.Hunks, ui.Hunk{Lines: lines})
	}
	return props
}

func lineKind(kind script.LineKind) byte {
	switch kind {
	case script.Added:
		return '+'
	case script.Removed:
		return '-'
	}
	return ' '
}

// What is shown of the differences of modules: so many lines of each and of all, and those of one
// open when it has no more than these.
const linesOfModule, linesOfModules, linesOpen = 400, 2000, 40

// moduleDiffs are differences of modules as the page draws them.
func moduleDiffs(app string, changes []script.ModuleChange) views.ModuleDiffs {
	var all views.ModuleDiffs
	left := linesOfModules
	for _, c := range changes {
		if c.Same() {
			all.Same = append(all.Same, views.SameModule{File: c.File, From: c.From, To: c.To})
			continue
		}
		one := views.ModuleDiff{Name: c.Name, File: c.File, From: c.From, To: c.To, Pinned: !c.Follows, Diff: diffProps(c.Text)}
		if !c.Gone {
			one.Whole = paths.Version(app, c.Name, cmp.Or(c.To, c.From))
			if c.From > 0 && c.To > 0 {
				one.Whole = paths.Diff(app, c.Name, strconv.Itoa(c.From), strconv.Itoa(c.To))
			}
		}
		one.Left = clipLines(&one.Diff, min(linesOfModule, left))
		shown := 0
		for _, hunk := range one.Diff.Hunks {
			shown += len(hunk.Lines)
		}
		left -= shown
		one.Open = one.Left == 0 && shown <= linesOpen
		all.Changed = append(all.Changed, one)
	}
	return all
}

// clipLines leaves as many lines of a difference, and tells how many it took away.
func clipLines(diff *ui.DiffProps, most int) (gone int) {
	for i := range diff.Hunks {
		hunk := &diff.Hunks[i]
		keep := min(len(hunk.Lines), most)
		gone += len(hunk.Lines) - keep
		hunk.Lines = hunk.Lines[:keep]
		most -= keep
	}
	for len(diff.Hunks) > 0 && len(diff.Hunks[len(diff.Hunks)-1].Lines) == 0 {
		diff.Hunks = diff.Hunks[:len(diff.Hunks)-1]
	}
	return gone
}
