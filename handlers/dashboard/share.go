package dashboard

import (
	"net/http"

	"picloud/engine/execution"
	"picloud/handlers/web"
	"picloud/views/ui"
)

// share is how much history an app may add, in words.
func (d *Dashboard) share() string {
	return "its share of the history, " + ui.Bytes(d.Executions.AppShare) + " a day"
}

// overShare says what is not kept of the app's new runs because it is over its share; empty: it
// is not.
func (d *Dashboard) overShare(r *http.Request) (string, error) {
	now, err := d.Executions.Share(r.Context(), web.Of(r).Grant)
	if err != nil {
		return "", err
	}
	what := ""
	switch now.LeftOut() {
	case execution.NothingLeftOut:
		return "", nil
	case execution.MessagesLeftOut:
		what = "requests and answers of new runs are not kept."
	case execution.LogLeftOut:
		what = "requests, answers and logs of new runs are not kept."
	case execution.RowLeftOut:
		what = "new runs that succeed are only counted, and of those that fail no request, answer and log is kept."
	}
	return "This app is over " + d.share() + ": " + what + " The share is a quarter of --retention-size.", nil
}
