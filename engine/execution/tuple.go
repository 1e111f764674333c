package execution

import "encoding/binary"

// COPY's binary format (PostgreSQL manual, COPY, "Binary Format").
const (
	copyHead    = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	copyTrailer = "\xff\xff"

	copyExecutions = `COPY executions (id, app_id, script_id, script_name, version, trigger, method, path, status, outcome,
		started_at, wall_us, cpu_us, log_lines, error) FROM STDIN (FORMAT binary)`
	copyLines    = `COPY log_lines (execution_id, app_id, seq, at, level, message, fields) FROM STDIN (FORMAT binary)`
	copyCaptures = `COPY captures (execution_id, app_id, data) FROM STDIN (FORMAT binary)`
)

// appendExecution writes the row of a run.
func appendExecution(dst []byte, v *view) []byte {
	dst = binary.BigEndian.AppendUint16(dst, 15)
	dst = column(dst, v.execution[:])
	dst = column(dst, v.app[:])
	dst = column(dst, v.script[:])
	dst = column(dst, v.scriptName)
	dst = column32(dst, v.version)
	dst = column(dst, v.trigger)
	dst = column(dst, v.method)
	dst = column(dst, v.path)
	dst = binary.BigEndian.AppendUint32(dst, 2)
	dst = binary.BigEndian.AppendUint16(dst, v.status)
	dst = column(dst, v.outcome)
	dst = column64(dst, uint64(v.started))
	dst = column64(dst, uint64(v.wall))
	dst = column64(dst, uint64(v.executing))
	dst = column32(dst, v.lineCount)
	if v.failure == nil {
		return null(dst)
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(1+len(v.failure)))
	dst = append(dst, 1) // version of jsonb's binary format
	return append(dst, v.failure...)
}

// appendLogLines writes the rows of a run's lines.
func appendLogLines(dst []byte, v *view) []byte {
	r := reader{rest: v.lines}
	for seq := range v.lineCount {
		line := r.line()
		dst = binary.BigEndian.AppendUint16(dst, 7)
		dst = column(dst, v.execution[:])
		dst = column(dst, v.app[:])
		dst = column32(dst, seq+1)
		dst = column64(dst, uint64(line.at))
		dst = column(dst, line.level)
		dst = column(dst, line.message)
		if len(line.fields) == 0 {
			dst = null(dst)
		} else {
			dst = column(dst, line.fields)
		}
	}
	return dst
}

// appendCaptureRow writes the row of what was captured.
func appendCaptureRow(dst []byte, v *view) []byte {
	dst = binary.BigEndian.AppendUint16(dst, 3)
	dst = column(dst, v.execution[:])
	dst = column(dst, v.app[:])
	return column(dst, v.capture)
}

func column(dst, value []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(value)))
	return append(dst, value...)
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
