package dashboard

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"picloud/engine/access"
	"picloud/engine/app"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
)

// Profile is the viewer's own page.
func (d *Dashboard) Profile(w http.ResponseWriter, r *http.Request) error {
	return d.profile(w, r, http.StatusOK, views.ProfileProps{Form: views.KeyForm{Expires: "90"}, NewKey: d.secrets.take(web.Of(r).Actor.Session)})
}

// profile draws the page around what a form left behind.
func (d *Dashboard) profile(w http.ResponseWriter, r *http.Request, status int, props views.ProfileProps) error {
	f, err := d.frame(r)
	if err != nil {
		return err
	}
	grant := web.Of(r).Grant
	sessions, err := d.Access.ListSessions(r.Context(), grant)
	if err != nil {
		return err
	}
	keys, err := d.Access.ListKeys(r.Context(), grant)
	if err != nil {
		return err
	}
	apps, err := d.Apps.List(r.Context(), grant)
	if err != nil {
		return err
	}
	props.Sessions, props.Keys, props.Apps = sessionRows(sessions), keyRows(keys, apps), appChoices(apps)
	return d.page(w, r, status, views.Profile(f, props))
}

func sessionRows(sessions []access.Session) []views.SessionRow {
	rows := make([]views.SessionRow, len(sessions))
	for i, s := range sessions {
		rows[i] = views.SessionRow{
			ID: s.ID.String(), Agent: browser(s.Agent), Address: s.Address, CreatedAt: s.CreatedAt, Seen: s.LastSeen, Current: s.Current,
		}
	}
	return rows
}

func keyRows(keys []access.Key, apps []app.App) []views.KeyRow {
	names := make(map[id.App]string, len(apps))
	for _, a := range apps {
		names[a.ID] = a.Name
	}
	rows := make([]views.KeyRow, len(keys))
	for i, k := range keys {
		rows[i] = views.KeyRow{ID: k.ID.String(), Name: k.Name, Last4: k.Last4, Access: string(k.Access), CreatedAt: k.CreatedAt}
		if k.App != nil {
			rows[i].App = names[*k.App]
		}
		if k.ExpiresAt != nil {
			rows[i].ExpiresAt = *k.ExpiresAt
		}
		if k.LastUsed != nil {
			rows[i].LastUsed = *k.LastUsed
		}
	}
	return rows
}

func appChoices(apps []app.App) []views.AppChoice {
	choices := make([]views.AppChoice, len(apps))
	for i, a := range apps {
		choices[i] = views.AppChoice{Slug: a.Slug, Name: a.Name}
	}
	return choices
}

// browser names a User-Agent in words.
func browser(agent string) string {
	find := func(pairs ...string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if strings.Contains(agent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	name := find("Edg/", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari")
	system := find("Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Windows", "Windows", "Mac OS X", "macOS", "Linux", "Linux")
	switch {
	case name != "" && system != "":
		return name + " on " + system
	case name != "":
		return name
	case agent == "":
		return "Unknown browser"
	}
	return agent
}

// Password sets a new password; all other sessions end.
func (d *Dashboard) Password(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	issued, err := d.Access.ChangePassword(r.Context(), web.Of(r).Grant, values.Get("current"), values.Get("password"))
	if err != nil {
		status, faults, ok := refusal(w, r, err)
		if !ok {
			return err
		}
		return d.profile(w, r, status, views.ProfileProps{Form: views.KeyForm{Expires: "90"}, Faults: faults})
	}
	web.SetSession(w, r, issued)
	return d.done(w, r, "The password is changed. All other sessions have ended.", paths.Profile())
}

// RevokeSession ends one session; one's own is a sign-out.
func (d *Dashboard) RevokeSession(w http.ResponseWriter, r *http.Request) error {
	session, err := id.Parse[id.Session](r.PathValue("session"))
	if err != nil {
		return fault.New(fault.NotFound, "There is no such session.").Because(err)
	}
	if session == web.Of(r).Actor.Session {
		return d.Logout(w, r)
	}
	if err := d.Access.RevokeSession(r.Context(), web.Of(r).Grant, session); err != nil {
		return err
	}
	return d.done(w, r, "The session has ended.", paths.Profile())
}

// CreateKey makes a key. The page it leads to shows it, this once.
func (d *Dashboard) CreateKey(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	typed := views.KeyForm{Name: values.Get("name"), App: values.Get("app"), Access: values.Get("access"), Expires: values.Get("expires")}
	wanted, err := d.newKey(r, typed)
	var secret string
	if err == nil {
		secret, _, err = d.Access.MakeKey(r.Context(), web.Of(r).Grant, wanted)
	}
	if err != nil {
		status, faults, ok := refusal(w, r, err)
		if !ok {
			return err
		}
		return d.profile(w, r, status, views.ProfileProps{Form: typed, Faults: faults})
	}
	d.secrets.keep(web.Of(r).Actor.Session, views.NewKey{Name: wanted.Name, Secret: secret})
	return web.Redirect(w, r, paths.Profile())
}

// longestKey is the longest life in days that a form may ask for.
const longestKey = 3650

func (d *Dashboard) newKey(r *http.Request, typed views.KeyForm) (access.NewKey, error) {
	wanted := access.NewKey{Name: typed.Name, Access: access.KeyAccess(typed.Access)}
	var faults []fault.Field
	if typed.App != "" {
		chosen, err := d.Apps.Find(r.Context(), web.Of(r).Grant, typed.App)
		switch {
		case fault.Is(err, fault.NotFound):
			faults = append(faults, fault.Field{Name: "app", Message: "There is no such app."})
		case err != nil:
			return wanted, err
		}
		wanted.App = &chosen.ID
	}
	if typed.Expires != "" {
		days, err := strconv.Atoi(typed.Expires)
		if err != nil || days < 1 || days > longestKey {
			faults = append(faults, fault.Field{Name: "expires", Message: fmt.Sprintf("A key ends after 1 to %d days, or never.", longestKey)})
		}
		expires := d.Now().Add(time.Duration(days) * 24 * time.Hour)
		wanted.ExpiresAt = &expires
	}
	return wanted, fault.AtFields(faults)
}

// RevokeKey ends a key.
func (d *Dashboard) RevokeKey(w http.ResponseWriter, r *http.Request) error {
	key, err := id.Parse[id.Key](r.PathValue("key"))
	if err != nil {
		return fault.New(fault.NotFound, "There is no such key.").Because(err)
	}
	if err := d.Access.RevokeKey(r.Context(), web.Of(r).Grant, key); err != nil {
		return err
	}
	return d.done(w, r, "The key is revoked.", paths.Profile())
}
