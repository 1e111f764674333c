package execution

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"picloud/engine/call"
)

func fullRecord() *Record {
	r := testRecord(testEntry())
	r.Outcome, r.Status, r.Policy = call.CPU, 507, CaptureAll
	r.Failure = &call.Failure{Name: "TypeError", Message: "no \"x\" \\ \x01 \n here", Stack: []call.Frame{
		{Function: "greet", File: "hello.ts", Line: 3, Column: 14}, {Function: "", File: "hello.ts", Line: 9, Column: 1},
	}}
	r.Limit = Limit{Name: "cpu", Value: 2000, Unit: "ms"}
	r.Lines = []call.Line{
		{At: time.UnixMicro(1_764_000_000_000_001).UTC(), Level: call.Info, Message: "one"},
		{At: time.UnixMicro(1_764_000_000_000_002).UTC(), Level: call.Err, Message: "two", Fields: `{"a":1}`},
	}
	r.Started = r.Started.Truncate(time.Microsecond).UTC()
	return r
}

func TestRecordThereAndBack(t *testing.T) {
	t.Parallel()
	want := fullRecord()
	got, capture, err := DecodeRecord(AppendRecord(nil, want))
	if err != nil {
		t.Fatal(err)
	}
	if capture == nil || capture.URL != "http://localhost:8080/fn/default/hello/anna?token="+Redacted+"&x=1" || string(capture.Response.Body) != "Hello" {
		t.Errorf("capture %+v", capture)
	}
	plain := *want
	plain.Policy, plain.Request, plain.Response = "", nil, ResponseHead{}
	if !reflect.DeepEqual(got, plain) {
		t.Errorf("got  %+v\nwant %+v", got, plain)
	}
}

func TestTextsAreMadeSafe(t *testing.T) {
	t.Parallel()
	r := fullRecord()
	r.Path, r.Method, r.ScriptName = "/\x00\xff", "G\x00T", "\xc3"
	r.Lines[0].Message, r.Lines[1].Fields = "nul \x00 bad \xff\xfe", "{\"a\":\"\x00\"}"
	r.Failure.Message = "\x00\xff"
	got, _, err := DecodeRecord(AppendRecord(nil, r))
	if err != nil {
		t.Fatal(err)
	}
	if got.Path != "/\ufffd\ufffd" || got.Method != "G\ufffdT" || got.Lines[0].Message != "nul \ufffd bad \ufffd\ufffd" || got.Failure.Message != "\ufffd\ufffd" {
		t.Errorf("%+v", got)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	t.Parallel()
	r := fullRecord()
	r.Path = "/" + strings.Repeat("ü", 5000)
	r.Failure.Message = strings.Repeat("m", 1<<20)
	r.Failure.Stack = make([]call.Frame, 5000)
	r.Request.Body = bytes.Repeat([]byte("b"), 1<<20)
	for range 1000 {
		r.Request.Header = append(r.Request.Header, call.Field{Name: "x-long", Value: strings.Repeat("v", 100)})
	}
	data := AppendRecord(nil, r)
	got, capture, err := DecodeRecord(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 80<<10 || len(got.Path) > maxPath || len(got.Failure.Message) != maxMessage || len(got.Failure.Stack) != maxFrames {
		t.Errorf("%d bytes, path %d, message %d, %d frames", len(data), len(got.Path), len(got.Failure.Message), len(got.Failure.Stack))
	}
	if m := capture.Request; !m.BodyTruncated || !m.HeaderTruncated || len(m.Body) != maxBody || m.Size != 1<<20 || capture.Response.BodyTruncated {
		t.Errorf("request body %d of %d, flags %v %v", len(m.Body), m.Size, m.BodyTruncated, m.HeaderTruncated)
	}
}

func TestCapturePolicy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policy        Policy
		heads, bodies bool
	}{{CaptureOff, false, false}, {"", false, false}, {CaptureHeads, true, false}, {CaptureAll, true, true}} {
		r := fullRecord()
		r.Policy = c.policy
		_, capture, err := DecodeRecord(AppendRecord(nil, r))
		if err != nil {
			t.Fatal(err)
		}
		if (capture != nil) != c.heads || capture != nil && (capture.Response.BodyKept != c.bodies || (len(capture.Response.Body) > 0) != c.bodies) {
			t.Errorf("%q: %+v", c.policy, capture)
		}
	}
}

func TestPlainRunAllocatesNothing(t *testing.T) {
	r := testRecord(testEntry())
	buffer := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buffer = AppendRecord(buffer[:0], r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppendRecord(b *testing.B) {
	r := testRecord(testEntry())
	var buffer []byte
	for b.Loop() {
		buffer = AppendRecord(buffer[:0], r)
	}
	b.ReportMetric(float64(len(buffer)), "bytes")
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add(AppendRecord(nil, fullRecord()))
	f.Add(AppendRecord(nil, testRecord(testEntry())))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := parse(data)
		if err != nil {
			return
		}
		if v.failure != nil && !json.Valid(v.failure) {
			t.Error("failure is no JSON")
		}
		appendExecution(nil, &v)
		appendLogLines(nil, &v)
		if _, _, err := DecodeRecord(data); err != nil && v.capture == nil && v.failure == nil {
			t.Errorf("parsed but not decoded: %v", err)
		}
	})
}

func FuzzAppendRecord(f *testing.F) {
	f.Add("/a?token=1", "x-api-key", "v", `{"password":"x","a":[1,{"token":{}}]}`, "application/json")
	f.Add("/", "a", "\xff\x00", "a=1&secret=%zz&&", "application/x-www-form-urlencoded")
	f.Add("/", "", "", "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b")
	f.Fuzz(func(t *testing.T, path, name, value, body, kind string) {
		r := testRecord(testEntry())
		r.Path, r.Policy, r.ScriptName = path, CaptureAll, value
		r.Request.URL = "http://h" + path
		r.Request.Header = []call.Field{{Name: name, Value: value}, {Name: "content-type", Value: kind}}
		r.Request.Body = []byte(body)
		r.Lines = []call.Line{{Message: value, Fields: body}}
		r.Failure = &call.Failure{Name: name, Message: body}
		got, capture, err := DecodeRecord(AppendRecord(nil, r))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Lines) != 1 || len(capture.Request.Header) != 2 {
			t.Errorf("%+v %+v", got, capture)
		}
	})
}
