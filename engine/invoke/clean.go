package invoke

import (
	"slices"

	"picloud/engine/call"
	"picloud/engine/sdk/env"
)

// given is a run as the globals of its sandbox see it.
type given run

// Env is what the function is configured with.
func (g *given) Env() env.Source {
	if g.Job.Env == nil {
		return nil
	}
	return g.Job.Env
}

// cleaner takes the secrets of the app out of texts; nil: there are none.
func (r *run) cleaner() func(string) string {
	secrets := r.Env.Secrets()
	if secrets == nil {
		return nil
	}
	return secrets.Clean
}

// clean is a result whose failure tells no secret.
func (r *run) clean(result call.Result) call.Result {
	secrets := r.Env.Secrets()
	if secrets == nil || result.Failure == nil {
		return result
	}
	failure := *result.Failure
	failure.Name, failure.Message = secrets.Clean(failure.Name), secrets.Clean(failure.Message)
	failure.Stack = slices.Clone(failure.Stack)
	for i := range failure.Stack {
		failure.Stack[i].Function = secrets.Clean(failure.Stack[i].Function)
	}
	result.Failure = &failure
	return result
}
