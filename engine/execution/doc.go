// Package execution keeps what happened: every run of a function leaves a row, its log
// lines and what was captured of its messages, whatever becomes of the process it ran in.
//
// A run's way, and who can still tell of it at each point:
//
//	Begin ──► journal slot: executing ⇄ waiting ──► Finish ──► record in the ring ──► Flusher: COPY ──► tables
//	            │ the process dies                              │ the process dies
//	            └──► Recover: a row crashed or killed           └──► Recover: the record's row
//
// Journal and ring are one memory-mapped file per worker process ([Journal]). Its pages
// belong to the kernel, so they outlive a process that is killed at any instant, and the
// manager reads them while the worker lives. A record is committed before its slot is
// free and the ring's tail moves only after the COPY has committed, so each run is at
// every moment in at least one of slot, ring and table; where it is in two, the
// execution's id tells, and it becomes one row.
//
// The ring is bounded. When it is full a finished run's record is dropped and counted,
// the run itself is never held up. [Live] shows runs as they go to whoever watches and
// costs one atomic load while nobody does. [Store] reads, [Upkeep] makes partitions ahead
// and drops what is too old or too much.
package execution
