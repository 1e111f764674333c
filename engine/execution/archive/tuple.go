package archive

import (
	"encoding/binary"

	"picloud/engine/execution"
	"picloud/engine/id"
)

// COPY's binary format (PostgreSQL manual, COPY, "Binary Format").
const (
	copyHead    = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	copyTrailer = "\xff\xff"

	copyExecutions = `COPY executions (id, app_id, script_id, script_name, version, trigger, subject, method, path, status, outcome,
		started_at, wall_us, cpu_us, log_lines, root_id, parent_id, depth, attempt, source, others, left_out, error) FROM STDIN (FORMAT binary)`
	copyLines    = `COPY log_lines (execution_id, app_id, seq, at, level, message, fields) FROM STDIN (FORMAT binary)`
	copyCaptures = `COPY captures (execution_id, app_id, data) FROM STDIN (FORMAT binary)`
)

// appendExecution writes the row of a run.
func appendExecution(dst []byte, v *execution.View, left execution.LeftOut) []byte {
	method, path := v.HTTP()
	dst = binary.BigEndian.AppendUint16(dst, 23)
	dst = column(dst, v.Execution[:])
	dst = column(dst, v.App[:])
	dst = column(dst, v.Script[:])
	dst = column(dst, v.ScriptName)
	dst = column32(dst, v.Version)
	dst = column(dst, v.Kind)
	dst = column(dst, execution.Cut(v.Subject, maxSubject))
	dst = optional(dst, method)
	dst = optional(dst, path)
	dst = column16(dst, v.Status)
	dst = column(dst, v.Outcome)
	dst = column64(dst, uint64(v.Started))
	dst = column64(dst, uint64(v.Wall))
	dst = column64(dst, uint64(v.Executing))
	dst = column32(dst, v.LineCount)
	dst = appendCause(dst, v)
	if v.Others == 0 {
		dst = null(dst)
	} else {
		dst = column64(dst, uint64(v.Others))
	}
	if left == execution.NothingLeftOut {
		dst = null(dst)
	} else {
		dst = column16(dst, uint16(left))
	}
	if v.Failure == nil {
		return null(dst)
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(1+len(v.Failure)))
	dst = append(dst, 1) // version of jsonb's binary format
	return append(dst, v.Failure...)
}

// maxSubject is how much of a subject is kept for lists and for search, in bytes; of an HTTP
// request the whole path has a column of its own.
const maxSubject = 500

// appendCause writes what is not as in most runs: caused by another, or tried again.
func appendCause(dst []byte, v *execution.View) []byte {
	for _, run := range [...]id.Execution{v.Root, v.Parent} {
		if run.IsZero() {
			dst = null(dst)
		} else {
			dst = column(dst, run[:])
		}
	}
	for _, n := range [...]uint16{v.Depth, v.Attempt} {
		if n == 0 {
			dst = null(dst)
		} else {
			dst = column16(dst, n)
		}
	}
	return optional(dst, v.Source)
}

// appendLogLines writes the rows of a run's lines.
func appendLogLines(dst []byte, v *execution.View) []byte {
	for seq, line := range v.Lines() {
		dst = binary.BigEndian.AppendUint16(dst, 7)
		dst = column(dst, v.Execution[:])
		dst = column(dst, v.App[:])
		dst = column32(dst, seq)
		dst = column64(dst, uint64(line.At))
		dst = column(dst, line.Level)
		dst = column(dst, line.Message)
		dst = optional(dst, line.Fields)
	}
	return dst
}

// appendCaptureRow writes the row of what was captured.
func appendCaptureRow(dst []byte, v *execution.View) []byte {
	dst = binary.BigEndian.AppendUint16(dst, 3)
	dst = column(dst, v.Execution[:])
	dst = column(dst, v.App[:])
	return column(dst, v.Capture)
}

func column(dst, value []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(value)))
	return append(dst, value...)
}

// optional is a text that may be missing.
func optional(dst, value []byte) []byte {
	if len(value) == 0 {
		return null(dst)
	}
	return column(dst, value)
}

func column16(dst []byte, value uint16) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 2)
	return binary.BigEndian.AppendUint16(dst, value)
}

func column32(dst []byte, value uint32) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 4)
	return binary.BigEndian.AppendUint32(dst, value)
}

func column64(dst []byte, value uint64) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 8)
	return binary.BigEndian.AppendUint64(dst, value)
}

func null(dst []byte) []byte { return append(dst, 0xff, 0xff, 0xff, 0xff) }
