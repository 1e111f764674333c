package execution_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	content "picloud/engine/body"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/executiontest"
	"picloud/engine/execution/redact"
)

func TestRecordThereAndBack(t *testing.T) {
	t.Parallel()
	want := executiontest.FullRecord()
	got, capture, err := execution.DecodeRecord(execution.AppendRecord(nil, want))
	if err != nil {
		t.Fatal(err)
	}
	if capture == nil || capture.URL != "http://localhost:8080/fn/default/hello/anna?token="+redact.Mark+"&x=1" || string(capture.Response.Body) != "Hello" {
		t.Errorf("capture %+v", capture)
	}
	plain := *want
	plain.Policy, plain.Request, plain.Response = "", nil, execution.ResponseHead{}
	if !reflect.DeepEqual(got, plain) {
		t.Errorf("got  %+v\nwant %+v", got, plain)
	}
}

func TestTextsAreMadeSafe(t *testing.T) {
	t.Parallel()
	r := executiontest.FullRecord()
	r.Subject, r.Cause.Source, r.ScriptName = "G\x00T /\x00\xff", "\x00", "\xc3"
	r.Lines[0].Message, r.Lines[1].Fields = "nul \x00 bad \xff\xfe", "{\"a\":\"\x00\"}"
	r.Failure.Message = "\x00\xff"
	got, _, err := execution.DecodeRecord(execution.AppendRecord(nil, r))
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject != "G\ufffdT /\ufffd\ufffd" || got.Cause.Source != "\ufffd" || got.Lines[0].Message != "nul \ufffd bad \ufffd\ufffd" || got.Failure.Message != "\ufffd\ufffd" {
		t.Errorf("%+v", got)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	t.Parallel()
	r := executiontest.FullRecord()
	r.Subject = "GET /" + strings.Repeat("ü", 5000)
	r.Failure.Message = strings.Repeat("m", 1<<20)
	r.Failure.Stack = make([]call.Frame, 5000)
	r.Request.Body = content.Bytes(bytes.Repeat([]byte("b"), 1<<20))
	for range 1000 {
		r.Request.Header = append(r.Request.Header, call.Field{Name: "x-long", Value: strings.Repeat("v", 100)})
	}
	data := execution.AppendRecord(nil, r)
	got, capture, err := execution.DecodeRecord(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 80<<10 || len(got.Subject) > 2080 || len(got.Failure.Message) != 16<<10 || len(got.Failure.Stack) != 50 {
		t.Errorf("%d bytes, subject %d, message %d, %d frames", len(data), len(got.Subject), len(got.Failure.Message), len(got.Failure.Stack))
	}
	if m := capture.Request; !m.BodyTruncated || !m.HeaderTruncated || len(m.Body) != 16<<10 || m.Size != 1<<20 || capture.Response.BodyTruncated {
		t.Errorf("request body %d of %d, flags %v %v", len(m.Body), m.Size, m.BodyTruncated, m.HeaderTruncated)
	}
}

func TestCapturePolicy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policy        execution.Policy
		heads, bodies bool
	}{{execution.CaptureOff, false, false}, {"", false, false}, {execution.CaptureHeads, true, false}, {execution.CaptureAll, true, true}} {
		r := executiontest.FullRecord()
		r.Policy = c.policy
		_, capture, err := execution.DecodeRecord(execution.AppendRecord(nil, r))
		if err != nil {
			t.Fatal(err)
		}
		if (capture != nil) != c.heads || capture != nil && (capture.Response.BodyKept != c.bodies || (len(capture.Response.Body) > 0) != c.bodies) {
			t.Errorf("%q: %+v", c.policy, capture)
		}
	}
}

func TestPlainRunAllocatesNothing(t *testing.T) {
	r := executiontest.Record(executiontest.Identity())
	buffer := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buffer = execution.AppendRecord(buffer[:0], r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppendRecord(b *testing.B) {
	r := executiontest.Record(executiontest.Identity())
	var buffer []byte
	for b.Loop() {
		buffer = execution.AppendRecord(buffer[:0], r)
	}
	b.ReportMetric(float64(len(buffer)), "bytes")
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add(execution.AppendRecord(nil, executiontest.FullRecord()))
	f.Add(execution.AppendRecord(nil, executiontest.Record(executiontest.Identity())))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := execution.Parse(data)
		if err != nil {
			return
		}
		if v.Failure != nil && !json.Valid(v.Failure) {
			t.Error("failure is no JSON")
		}
		lines := uint32(0)
		for range v.Lines() {
			lines++
		}
		if lines != v.LineCount {
			t.Errorf("%d lines of %d", lines, v.LineCount)
		}
		if _, _, err := execution.DecodeRecord(data); err != nil && v.Capture == nil && v.Failure == nil {
			t.Errorf("parsed but not decoded: %v", err)
		}
	})
}

func FuzzAppendRecord(f *testing.F) {
	f.Add("/a?token=1", "x-api-key", "v", `{"password":"x","a":[1,{"token":{}}]}`, "application/json")
	f.Add("/", "a", "\xff\x00", "a=1&secret=%zz&&", "application/x-www-form-urlencoded")
	f.Add("/", "", "", "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b")
	f.Fuzz(func(t *testing.T, path, name, value, body, kind string) {
		r := executiontest.Record(executiontest.Identity())
		r.Subject, r.Policy, r.ScriptName = "GET "+path, execution.CaptureAll, value
		r.Request.URL = "http://h" + path
		r.Request.Header = []call.Field{{Name: name, Value: value}, {Name: "content-type", Value: kind}}
		r.Request.Body = content.Bytes([]byte(body))
		r.Lines = []call.Line{{Message: value, Fields: body}}
		r.Failure = &call.Failure{Name: name, Message: body}
		got, capture, err := execution.DecodeRecord(execution.AppendRecord(nil, r))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Lines) != 1 || len(capture.Request.Header) != 2 {
			t.Errorf("%+v %+v", got, capture)
		}
	})
}
