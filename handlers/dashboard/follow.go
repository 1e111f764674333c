package dashboard

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"picloud/engine/bundle"
	"picloud/engine/fault"
	"picloud/engine/name"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/ui"
)

// FollowBody is the limit in bytes of a form that names scripts, each twice.
const FollowBody = 512 << 10

// question is what is asked before another version of a module goes live: who follows.
type question struct {
	source  *string    // nil: of the version
	version int        // 0: of the source
	next    int        // as which it goes live
	later   string     // the address at which a dialog asks for who builds; "": now
	chosen  url.Values // nil: nobody has chosen yet
	unbuilt bool       // it is known that the module itself does not build
}

// followers are the scripts that have the request's module, each built with what is to go live;
// nil for an endpoint. What is wrong with the module itself is among them.
func (d *Dashboard) followers(r *http.Request, head views.ScriptHead, q question) (*views.FollowersProps, error) {
	state := web.Of(r)
	if state.Script.Kind != script.Module {
		return nil, nil
	}
	props := &views.FollowersProps{Module: head, Next: q.next, Unbuilt: q.unbuilt}
	dependents, err := d.Scripts.Dependents(r.Context(), state.Grant, state.Script.ID)
	if err != nil {
		return nil, err
	}
	outlooks := make([]script.Outlook, len(dependents))
	for i, dependent := range dependents {
		outlooks[i].Dependent = dependent
	}
	follows := slices.ContainsFunc(dependents, func(dependent script.Dependent) bool { return dependent.Follows })
	untried := false
	switch {
	case q.unbuilt || q.version == 0 && !follows: // publishing says itself what is wrong with the draft
	case q.later != "":
		props.Asking = q.later
	default:
		built, err := d.Scripts.Preview(r.Context(), state.Grant, state.Script.ID, q.source, q.version)
		switch {
		case err == nil:
			outlooks = built
		case fault.Is(err, fault.TooLarge): // of all together; fewer may do
			untried, props.Fault = true, fault.Of(err).Public
		case fault.Is(err, fault.Invalid):
			if props.Unbuilt, props.Problems = true, problemsOf(err); len(props.Problems) == 0 {
				props.Fault = fault.Of(err).Public
			}
		default:
			return nil, err
		}
	}
	for _, outlook := range outlooks {
		row := followerRow(outlook, q.chosen)
		row.Untried = untried
		row.Chosen = row.Chosen && (!untried || q.chosen.Has("offered"))
		props.Rows = append(props.Rows, row)
	}
	slices.SortStableFunc(props.Rows, func(a, b views.FollowerRow) int { return rank(a) - rank(b) })
	return props, nil
}

// rank puts those that do not build first, and those that have no choice last.
func rank(row views.FollowerRow) int {
	switch {
	case len(row.Problems) > 0:
		return 0
	case row.Pinned:
		return 3
	case row.Same:
		return 2
	}
	return 1
}

func followerRow(outlook script.Outlook, chosen url.Values) views.FollowerRow {
	return views.FollowerRow{
		Name: outlook.Name, Version: outlook.Version, Has: outlook.Module, Direct: outlook.Direct, Through: outlook.Through, Pinned: !outlook.Follows, Same: outlook.Same,
		Problems: places(outlook.Problems, false),
		Chosen:   !slices.Contains(chosen["offered"], outlook.Name) || slices.Contains(chosen["follow"], outlook.Name),
	}
}

// followOf reads who was chosen. Who comes to use the module while a person chooses follows only
// where nobody was left out.
func followOf(values url.Values) script.Follow {
	chosen := values["follow"]
	if len(leftOut(values)) == 0 {
		return script.Follow{}
	}
	return script.Follow{None: len(chosen) == 0, Only: chosen}
}

// leftOut are those who could have been chosen and were not.
func leftOut(values url.Values) []string {
	return slices.DeleteFunc(slices.Clone(values["offered"]), func(script string) bool {
		return slices.Contains(values["follow"], script) || name.Check(script) != ""
	})
}

// Of those who follow, and of those who stay, so many are named in a notice.
const namedFollowers, namedFailures = 5, 3

// liveWords tell what went live with a module, or after it. asked is the version that was asked for;
// 0: a new one.
func liveWords(done script.Published, asked int, left []string) string {
	words := fmt.Sprintf("v%d is live.", done.Version)
	switch {
	case done.Unchanged:
		words = fmt.Sprintf("v%d was live already.", done.Version)
	case asked > 0 && asked != done.Version:
		words = fmt.Sprintf("v%d is live, another build of v%d with the modules of now.", done.Version, asked)
	}
	followed := make([]string, len(done.Followed))
	for i, one := range done.Followed {
		followed[i] = fmt.Sprintf("%s v%d", one.Name, one.Version)
	}
	words += clause(followed, namedFollowers, "follows", "follow")
	for i, failed := range done.Failed {
		if i == namedFailures {
			words += fmt.Sprintf(" %d more stay, too.", len(done.Failed)-i)
			break
		}
		words += fmt.Sprintf(" %s stays: %s", failed.Name, reason(failed.Problems))
	}
	return words + clause(left, namedFollowers, "stays, as you chose", "stay, as you chose")
}

// clause is a sentence about some names: " a, b and 3 more follow."
func clause(names []string, most int, one, many string) string {
	if len(names) == 0 {
		return ""
	}
	if len(names) == 1 {
		return " " + names[0] + " " + one + "."
	}
	if more := len(names) - most; more > 1 {
		names = append(slices.Clone(names[:most]), ui.Count(more)+" more")
	}
	return " " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + " " + many + "."
}

// reason is the first problem, as a short sentence.
func reason(problems bundle.Problems) string {
	const most = 200
	if len(problems) == 0 {
		return "it does not build."
	}
	message := problems[0].Message
	if utf8.RuneCountInString(message) > most {
		message = string([]rune(message)[:most]) + "…"
	}
	return message
}
