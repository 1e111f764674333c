package sample

import (
	"time"

	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// followHead is the module of the samples without a draft of its own.
func followHead() views.ScriptHead {
	h := moduleHead()
	h.Live, h.Added, h.Removed = &views.Live{Number: 3, At: ago(3 * time.Minute), Author: "anna"}, 0, 0
	return h
}

// followers are who has the module of the samples; built tells that they were built with its draft.
func followers(built bool) *views.FollowersProps {
	p := &views.FollowersProps{Module: followHead(), Next: 4, Rows: []views.FollowerRow{
		{Name: "checkout", Version: 7, Has: 3, Direct: true, Chosen: true},
		{Name: "greet", Version: 12, Has: 3, Through: []string{"rounding", "tax"}, Chosen: true},
		{Name: "a-name-that-is-as-long-as-names-of-scripts-may-be-in-this-picl", Version: 1204, Has: 2, Chosen: false},
		{Name: "import", Version: 4, Has: 4, Direct: true, Same: true},
		{Name: "prices", Version: 1, Has: 1, Direct: true, Pinned: true},
	}}
	if !built {
		p.Asking = paths.Builds(app, "pricing")
		return p
	}
	p.Rows = append([]views.FollowerRow{{Name: "museum", Version: 2, Has: 3, Direct: true, Problems: []views.Problem{
		{Line: 1, Column: 10, Message: "app:pricing has no old; it exports price, total, <b>rate</b>."}, {Message: "The programs that are built together are more than 64 MiB."},
	}}}, p.Rows...)
	return p
}

func followPages(at views.Frame) []Page {
	diff := difference()
	publish := views.PublishProps{Script: followHead(), Next: 4, IfVersion: 3, Revision: 41, Diff: diff, Followers: followers(true)}
	asking := publish
	asking.Dialog, asking.Followers = true, followers(false)
	problems := []views.Problem{{Line: 9, Column: 16, Message: "Expected \")\" but found \";\""}}
	broken, refused := publish, publish
	broken.Followers = followers(false)
	broken.Followers.Asking, broken.Followers.Unbuilt, broken.Followers.Problems = "", true, problems
	refused.Faults = views.Faults{"note": "The note has 501 characters; the limit is 500."}
	unused := publish
	unused.Followers = &views.FollowersProps{Module: followHead(), Next: 4}
	versions := []views.VersionRow{
		{Number: 8, At: ago(3 * time.Minute), Author: "anna", Note: "follows pricing v3", Size: 512, Live: true, Origin: 5},
		{Number: 5, At: ago(2 * time.Hour), Author: "ben", Size: 480, Builds: 3, LastBuild: 8},
		{Number: 2, At: ago(26 * time.Hour), Author: "anna", Note: "From when it was a module", Size: 466, Was: "module", Builds: 1, LastBuild: 3},
		{Number: 1, At: ago(9 * 24 * time.Hour), Author: "anna", Note: "First", Size: 301, Asks: true},
	}
	history := views.VersionsProps{Script: head(), Revision: 41, Versions: versions, Deployments: []views.DeploymentRow{
		{At: ago(3 * time.Minute), Author: "anna", From: 7, To: 8, Note: "follows pricing v3"},
		{At: ago(4 * time.Minute), Author: "anna", From: 5, To: 7, Note: "follows pricing v2"},
	}}
	all := history
	all.All, all.Faults = true, views.Faults{"version": "greet cannot be unpublished while others use it: checkout, museum, prices, 2 more."}
	live := views.MakeLiveProps{Script: followHead(), Version: versions[3], Followers: followers(true)}
	stays := live
	stays.Note, stays.Problems, stays.Followers = "All the same", problems, broken.Followers
	stays.Followers.Problems = nil
	was := views.MakeLiveProps{Script: followHead(), Version: versions[2]}
	was.Version.Was = "endpoint"
	broken.Followers = followers(false)
	broken.Followers.Asking, broken.Followers.Unbuilt, broken.Followers.Problems = "", true, problems
	here := paths.Publish(app, "pricing")
	return []Page{
		{"publish-module", here, 200, views.Publish(at, publish)},
		{"publish-module-asking", here, 200, views.Publish(at, asking)},
		{"publish-module-problems", here, 200, views.Publish(at, broken)},
		{"publish-module-refused", here, 422, views.Publish(at, refused)},
		{"publish-module-unused", here, 200, views.Publish(at, unused)},
		{"make-live", paths.MakeLive(app, "pricing", 1), 200, views.MakeLive(at, live)},
		{"make-live-problems", paths.MakeLive(app, "pricing", 1), 422, views.MakeLive(at, stays)},
		{"make-live-other-kind", paths.MakeLive(app, "pricing", 2), 200, views.MakeLive(at, was)},
		{"history-builds", paths.Versions(app, "greet"), 200, views.Versions(at, history)},
		{"history-all-builds", paths.AllVersions(app, "greet"), 409, views.Versions(at, all)},
		{"version-modules", paths.Version(app, "greet", 8), 200, views.Version(at, views.VersionProps{
			Script: head(), Version: versions[0], File: "greet.ts", Source: source, Lines: codeLines(), Modules: []views.ModuleRow{
				{Name: "pricing", File: "pricing.ts", Version: 3, Follows: true, Direct: true},
				{Name: "tax", File: "pricing/tax.ts", Version: 1, Through: []string{"pricing"}, Gone: true},
			},
		})},
		{"diff-modules", paths.Diff(app, "greet", "5", paths.Draft), 200, views.Diff(at, views.DiffPageProps{
			Script: head(), From: views.DiffSide{Key: "5", Label: "v5"}, To: views.DiffSide{Key: paths.Draft, Label: "Draft"}, Live: 8,
			Sides: []views.DiffSide{{Key: paths.Draft, Label: "Draft"}, {Key: "5", Label: "v5"}}, Modules: followDiffs(diff),
		})},
	}
}

func followDiffs(diff ui.DiffProps) views.ModuleDiffs {
	return views.ModuleDiffs{
		Changed: []views.ModuleDiff{
			{Name: "pricing", File: "pricing.ts", From: 1, To: 3, Diff: diff, Open: true},
			{Name: "rates", File: "rates.ts", To: 1, Diff: diff, Left: 1202, Whole: paths.Version(app, "rates", 1)},
			{Name: "tax", File: "tax@1.ts", From: 1, Pinned: true, Diff: diff},
		},
		Same: []views.SameModule{{File: "money.ts", From: 4, To: 4}, {File: "round.ts", From: 1, To: 2}},
	}
}
