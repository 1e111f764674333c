// Package execution is what is known of a run: its identity, its record with log, failure and
// captured messages, and the one encoding in which they are kept. Every run of a function
// leaves a row, whatever becomes of the process it ran in; the rooms below see to it:
//
//	Begin ──► journal slot: executing ⇄ waiting ──► Finish ──► record in the ring ──► archive: COPY ──► tables ──► history
//	            │ the process dies                              │ the process dies
//	            └──► archive.Recover: a row crashed or killed   └──► archive.Recover: the record's row
//
// journal writes what a worker does into a file that outlives it, archive moves it into the
// tables and keeps them within their bounds, history reads them, live shows runs as they go
// to whoever watches, redact takes the secrets out.
package execution
