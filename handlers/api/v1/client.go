package v1

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client asks one PiCloud. A failed request gives a *Problem; what never reached the
// server gives the error of net/http.
type Client struct {
	Base string       // as http://127.0.0.1:8080
	Key  string       // pic_…
	HTTP *http.Client // nil: one with a time limit of a minute
}

const maxAnswer = 32 << 20

// Error implements error.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, e := range p.Errors {
		if e.Message == p.Detail && e.Line == 0 {
			continue
		}
		text += "\n  " + e.Field
		if e.Line > 0 {
			text += fmt.Sprintf(":%d:%d", e.Line, e.Column)
		}
		text += ": " + e.Message
	}
	return text
}

// Apps lists what the key may see.
func (c *Client) Apps(ctx context.Context) ([]App, error) {
	var answer Apps
	err := c.do(ctx, http.MethodGet, "/api/v1/apps", nil, &answer)
	return answer.Apps, err
}

// CreateApp makes an app.
func (c *Client) CreateApp(ctx context.Context, app NewApp) (App, error) {
	var answer App
	err := c.do(ctx, http.MethodPost, "/api/v1/apps", app, &answer)
	return answer, err
}

// DeleteApp removes an app with all that is in it, its keys included.
func (c *Client) DeleteApp(ctx context.Context, app string) error {
	return c.do(ctx, http.MethodDelete, "/api/v1/apps/"+url.PathEscape(app), nil, nil)
}

// Scripts gives one page of an app's scripts by name; limit 0 is the server's choice.
func (c *Client) Scripts(ctx context.Context, app, after string, limit int) (Scripts, error) {
	var answer Scripts
	err := c.do(ctx, http.MethodGet, scriptPath(app)+query("after", after, "limit", number(limit)), nil, &answer)
	return answer, err
}

// CreateScript makes a script with a draft.
func (c *Client) CreateScript(ctx context.Context, app string, script NewScript) (Script, error) {
	var answer Script
	err := c.do(ctx, http.MethodPost, scriptPath(app), script, &answer)
	return answer, err
}

// Script gives a script with the source of its live version.
func (c *Client) Script(ctx context.Context, app, script string) (Script, error) {
	var answer Script
	err := c.do(ctx, http.MethodGet, scriptPath(app, script), nil, &answer)
	return answer, err
}

// Publish makes a new version live; a script that is not there is made.
func (c *Client) Publish(ctx context.Context, app, script string, put PutScript) (Published, error) {
	var answer Published
	err := c.do(ctx, http.MethodPut, scriptPath(app, script), put, &answer)
	return answer, err
}

// PublishTogether makes the drafts of several scripts live, all or none.
func (c *Client) PublishTogether(ctx context.Context, app string, together PublishTogether) (PublishedTogether, error) {
	var answer PublishedTogether
	err := c.do(ctx, http.MethodPost, "/api/v1/apps/"+url.PathEscape(app)+"/publish", together, &answer)
	return answer, err
}

// ChangeScript changes settings of a script.
func (c *Client) ChangeScript(ctx context.Context, app, script string, patch PatchScript) (Script, error) {
	var answer Script
	err := c.do(ctx, http.MethodPatch, scriptPath(app, script), patch, &answer)
	return answer, err
}

// DeleteScript removes a script with all its versions.
func (c *Client) DeleteScript(ctx context.Context, app, script string) error {
	return c.do(ctx, http.MethodDelete, scriptPath(app, script), nil, nil)
}

// ReleaseScript ends the pause of a script.
func (c *Client) ReleaseScript(ctx context.Context, app, script string) error {
	return c.do(ctx, http.MethodDelete, scriptPath(app, script, "pause"), nil, nil)
}

// ReleaseApp ends the pause of an app.
func (c *Client) ReleaseApp(ctx context.Context, app string) error {
	return c.do(ctx, http.MethodDelete, "/api/v1/apps/"+url.PathEscape(app)+"/pause", nil, nil)
}

// Versions gives one page, newest first, of those before a number; 0 begins at the newest.
func (c *Client) Versions(ctx context.Context, app, script string, before, limit int) (Versions, error) {
	var answer Versions
	path := scriptPath(app, script, "versions") + query("before", number(before), "limit", number(limit))
	err := c.do(ctx, http.MethodGet, path, nil, &answer)
	return answer, err
}

// MakeLive makes an earlier version live again.
func (c *Client) MakeLive(ctx context.Context, app, script string, version int, note string) (MadeLive, error) {
	var answer MadeLive
	path := scriptPath(app, script, "versions", strconv.Itoa(version), "live")
	err := c.do(ctx, http.MethodPost, path, MakeLive{Note: note}, &answer)
	return answer, err
}

// Unpublish makes no version live: the function's URL answers 404 until one is again.
func (c *Client) Unpublish(ctx context.Context, app, script string) error {
	return c.do(ctx, http.MethodDelete, scriptPath(app, script, "live"), nil, nil)
}

// Variables lists those of an app, or the own ones of a script where one is named.
func (c *Client) Variables(ctx context.Context, app, script string) ([]Variable, error) {
	var answer Variables
	err := c.do(ctx, http.MethodGet, valuePath(app, script, "variables"), nil, &answer)
	return answer.Variables, err
}

// SetVariable gives a name its value, for one script where that is named.
func (c *Client) SetVariable(ctx context.Context, app, script, name, value string) (Variable, error) {
	var answer Variable
	err := c.do(ctx, http.MethodPut, valuePath(app, script, "variables", name), PutValue{Value: &value}, &answer)
	return answer, err
}

// DeleteVariable removes a name that is a variable.
func (c *Client) DeleteVariable(ctx context.Context, app, script, name string) error {
	return c.do(ctx, http.MethodDelete, valuePath(app, script, "variables", name), nil, nil)
}

// Secrets lists what is known of those of an app, or of the own ones of a script.
func (c *Client) Secrets(ctx context.Context, app, script string) ([]Secret, error) {
	var answer Secrets
	err := c.do(ctx, http.MethodGet, valuePath(app, script, "secrets"), nil, &answer)
	return answer.Secrets, err
}

// SetSecret gives a name its value, which no answer ever has.
func (c *Client) SetSecret(ctx context.Context, app, script, name, value string) (Secret, error) {
	var answer Secret
	err := c.do(ctx, http.MethodPut, valuePath(app, script, "secrets", name), PutValue{Value: &value}, &answer)
	return answer, err
}

// DeleteSecret removes a name that is a secret.
func (c *Client) DeleteSecret(ctx context.Context, app, script, name string) error {
	return c.do(ctx, http.MethodDelete, valuePath(app, script, "secrets", name), nil, nil)
}

// Outbound tells where the functions of an app may send requests.
func (c *Client) Outbound(ctx context.Context, app string) (Outbound, error) {
	var answer Outbound
	err := c.do(ctx, http.MethodGet, "/api/v1/apps/"+url.PathEscape(app)+"/outbound", nil, &answer)
	return answer, err
}

// SetOutbound changes where the functions of an app may send requests, all of it.
func (c *Client) SetOutbound(ctx context.Context, app string, put PutOutbound) (Outbound, error) {
	var answer Outbound
	err := c.do(ctx, http.MethodPut, "/api/v1/apps/"+url.PathEscape(app)+"/outbound", put, &answer)
	return answer, err
}

// Runs chooses executions; zero fields do not restrict.
type Runs struct {
	Script  string // "" : of the whole app
	Before  string // an execution's id
	Outcome string
	Limit   int
}

// Executions gives one page of runs, newest first.
func (c *Client) Executions(ctx context.Context, app string, runs Runs) (Executions, error) {
	var answer Executions
	path := "/api/v1/apps/" + url.PathEscape(app) + "/executions"
	if runs.Script != "" {
		path = scriptPath(app, runs.Script, "executions")
	}
	path += query("before", runs.Before, "outcome", runs.Outcome, "limit", number(runs.Limit))
	err := c.do(ctx, http.MethodGet, path, nil, &answer)
	return answer, err
}

// Execution gives one run with its log and timeline.
func (c *Client) Execution(ctx context.Context, id string) (Execution, error) {
	var answer Execution
	err := c.do(ctx, http.MethodGet, "/api/v1/executions/"+url.PathEscape(id), nil, &answer)
	return answer, err
}

// Version tells what the server is.
func (c *Client) Version(ctx context.Context) (Build, error) {
	var answer Build
	err := c.do(ctx, http.MethodGet, "/version", nil, &answer)
	return answer, err
}

func scriptPath(app string, parts ...string) string {
	path := "/api/v1/apps/" + url.PathEscape(app) + "/scripts"
	for _, part := range parts {
		path += "/" + url.PathEscape(part)
	}
	return path
}

// valuePath is below the app, or below the script where one is named.
func valuePath(app, script string, parts ...string) string {
	path := "/api/v1/apps/" + url.PathEscape(app)
	if script != "" {
		path = scriptPath(app, script)
	}
	for _, part := range parts {
		path += "/" + url.PathEscape(part)
	}
	return path
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func query(pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("write the request: %w", err)
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(c.Base, "/")+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.Key != "" {
		r.Header.Set("Authorization", "Bearer "+c.Key)
	}
	client := c.HTTP
	if client == nil {
		client = &http.Client{Timeout: time.Minute}
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer of %s %s: %w", method, path, err)
	}
	return read(answer, text, out)
}

func read(answer *http.Response, text []byte, out any) error {
	if answer.StatusCode >= 300 {
		p := &Problem{Title: http.StatusText(answer.StatusCode)}
		if err := json.Unmarshal(text, p); err != nil || p.Title == "" {
			p.Title = answer.Status
		}
		p.Status = answer.StatusCode
		return p
	}
	if out == nil || len(text) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}
