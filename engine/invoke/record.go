package invoke

import (
	"picloud/engine/call"
	"picloud/engine/execution"
)

// recordOf is everything there is to remember of a run that ended.
func recordOf(r *run, result call.Result) execution.Record {
	record := execution.Record{
		Identity: r.who, Status: result.Outcome.Status(), Outcome: result.Outcome, Wall: result.Wall, Executing: result.Executing,
		Failure: result.Failure, Limit: limitOf(result.Outcome, r), Lines: result.Lines,
		Policy: r.Capture, Request: r.Event.Request, Secrets: r.Env.Secrets(),
	}
	if result.Response.Status != 0 { // answered, whatever became of the work after it
		record.Status = result.Response.Status
	}
	record.Spans = r.placed(result.Spans)
	record.Response = execution.ResponseHead{Header: result.Response.Header, Size: result.Response.Body.Size()}
	if r.Capture == execution.CaptureAll {
		record.Response.Body = result.Response.Body.Beginning(capturedBody)
	}
	return record
}

func limitOf(outcome call.Outcome, r *run) execution.Limit {
	switch outcome {
	case call.Timeout, call.Killed:
		return execution.Limit{Name: "wall", Value: r.Limits.Wall.Milliseconds(), Unit: "ms"}
	case call.CPU:
		return execution.Limit{Name: "cpu", Value: r.Limits.CPU.Milliseconds(), Unit: "ms"}
	case call.Stack:
		return execution.Limit{Name: "stack", Value: int64(r.Limits.Stack), Unit: "calls"}
	case call.Memory:
		return execution.Limit{Name: "memory", Value: int64(r.invoker.watcher.memory.budget), Unit: "bytes"}
	}
	return execution.Limit{}
}

// capturedBody is how much of a body is kept.
const capturedBody = 16 << 10
