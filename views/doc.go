// Package views draws the dashboard. A page is one function of a Frame and the page's
// props; props hold ready values, and nothing here asks, decides or knows the engine.
//
// What handlers and pages agree on:
//
// Forms are plain forms. A POST answers 303, or 422 with the same page, the values kept
// and Faults filled. A form inside a dialog is sent by htmx, with the header HX-Request:
// a redirect is then answered as 204 with HX-Redirect, a refusal as the whole page with
// 422, of which htmx takes the part it needs. Publishing from the editor's dialog answers
// with the parts of the editor's page that change, and the event "published" with {version,
// notice} as HX-Trigger. The dialog of a module opens before it is known who can follow; it asks
// GET …/publish?builds=yes itself, whose answer are the parts of it that change.
//
// A fault is keyed by the name of its input; the key "" is the whole form's.
//
// The editor's form has the fields source, revision, method, path, query, headers and
// body. POST …/draft saves (then=publish goes on to the publish page), POST …/run saves
// and runs; a source that is the draft's already changes nothing. With from=<run> it runs
// the draft as it is, with that run's request. With Accept: text/event-stream a run answers
// with the events "saved" (as the PUT below), "line" (a LogLine), "answer" (an AnswerPart)
// and "problems" (a JSON list of {line, column, message, warning}).
// PUT …/draft takes {source, revision} and gives {revision, saved_at, differs: {added,
// removed}}, or 409 with {source, revision, by, at}.
//
// The reference beside the editor is what GET /docs/reference answers with the header HX-Request.
//
// Live streams have the events "row" (a RunRow; it replaces the row of the same id),
// "chart" (the chart with what has ended meanwhile), "line" (a LogLine, on the stream of one
// run), "note" (a sentence, as on sampling; empty takes it away) and "bye" (do not connect
// again).
package views
