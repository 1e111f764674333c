package dashboard

import (
	"net/http"

	"picloud/engine/access"
	"picloud/engine/fault"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
)

// SetupPage is the form for the first owner. It consumes nothing.
func (d *Dashboard) SetupPage(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	err := d.Access.CheckSetup(r.Context(), token)
	if fault.Is(err, fault.Conflict) {
		return web.Redirect(w, r, paths.Login(""))
	}
	return d.setup(w, r, http.StatusOK, views.SetupProps{Token: token}, err)
}

// Setup makes the owner and signs them in.
func (d *Dashboard) Setup(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	who := access.Newcomer{Email: values.Get("email"), Name: values.Get("name"), Password: values.Get("password")}
	if _, err := d.Access.CompleteSetup(r.Context(), values.Get("token"), who, web.Client(r)); err != nil {
		return d.setup(w, r, http.StatusOK, views.SetupProps{Token: values.Get("token"), Email: who.Email, Name: who.Name}, err)
	}
	issued, err := d.Access.SignIn(r.Context(), who.Email, who.Password, web.Client(r))
	if err != nil {
		return err
	}
	web.SetSession(w, r, issued)
	return web.Redirect(w, r, paths.Landing())
}

// setup draws the form; a link that is not good any more is a page of its own, with 404.
func (d *Dashboard) setup(w http.ResponseWriter, r *http.Request, status int, props views.SetupProps, err error) error {
	if fault.Is(err, fault.NotFound) {
		status, props.Expired = http.StatusNotFound, true
	} else if err != nil {
		var ok bool
		if status, props.Faults, ok = refusal(w, r, err); !ok {
			return err
		}
	}
	return d.page(w, r, status, views.Setup(d.outside(r), props))
}

// outside is the frame of a page for somebody who is not signed in.
func (d *Dashboard) outside(r *http.Request) views.Frame {
	return views.Frame{Assets: d.Assets, Nonce: web.Of(r).Nonce, Now: d.Now()}
}

// landing is where somebody who has signed in goes on.
func landing(next string) string {
	if next == paths.Home() {
		return paths.Landing()
	}
	return web.LocalPath(next, paths.Landing())
}

// LoginPage is the sign-in form; who is signed in goes on at once.
func (d *Dashboard) LoginPage(w http.ResponseWriter, r *http.Request) error {
	next := web.LocalPath(r.URL.Query().Get("next"), "")
	if web.Of(r).SignedIn {
		return web.Redirect(w, r, landing(next))
	}
	props := views.LoginProps{Next: next}
	needed, err := d.Access.NeedsSetup(r.Context())
	if err != nil {
		return err
	}
	switch {
	case needed:
		props.Notice = "Nobody owns this PiCloud yet. Open the set-up link in the output of its last start; a new start prints a new one."
	case web.SessionToken(r, web.Of(r).Secure) != "":
		props.Notice = "Your session has ended."
	}
	return d.page(w, r, http.StatusOK, views.Login(d.outside(r), props))
}

// Login signs in.
func (d *Dashboard) Login(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	email, next := values.Get("email"), web.LocalPath(values.Get("next"), "")
	issued, err := d.Access.SignIn(r.Context(), email, values.Get("password"), web.Client(r))
	if err != nil {
		status, faults, ok := refusal(w, r, err)
		if !ok {
			return err
		}
		return d.page(w, r, status, views.Login(d.outside(r), views.LoginProps{Email: email, Next: next, Faults: faults}))
	}
	web.SetSession(w, r, issued)
	return web.Redirect(w, r, landing(next))
}

// Logout ends the session.
func (d *Dashboard) Logout(w http.ResponseWriter, r *http.Request) error {
	if err := d.Access.SignOut(r.Context(), web.Client(r)); err != nil {
		return err
	}
	web.ClearSession(w, r)
	return web.Redirect(w, r, paths.Login(""))
}
