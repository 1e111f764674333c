package webapi_test

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"

	content "picloud/engine/body"
	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/webapi"
)

// handle calls the function f of the text with the request and gives what it returned, a
// promise's result included.
func handle(t *testing.T, text string, incoming call.Request, use func(*js.Sandbox, goja.Value)) {
	t.Helper()
	s := sandbox(t, js.NewGlobals(webapi.Globals()), text)
	var result goja.Value
	play(t, s, func() error {
		run, ok := goja.AssertFunction(s.VM().GlobalObject().Get("f"))
		if !ok {
			t.Fatal("no function f")
		}
		var err error
		result, err = run(goja.Undefined(), webapi.NewRequest(s, &incoming, nil))
		return err
	})
	if promise, ok := result.Export().(*goja.Promise); ok {
		result = promise.Result()
	}
	use(s, result)
}

var incoming = call.Request{
	Method: "POST", URL: "http://Localhost:8080/fn/a/../b//c%2F?x=1&x=ä",
	Header: []call.Field{
		{Name: "host", Value: "localhost:8080"},
		{Name: "content-type", Value: "application/json"},
		{Name: "x-twice", Value: "1"},
		{Name: "x-twice", Value: "2"},
		{Name: "x-bytes", Value: "\xe9\xff"},
	},
	Body: content.Bytes([]byte(`{"name":"Ada"}`)),
}

func TestRequestSaysWhatTheMessageSays(t *testing.T) {
	t.Parallel()
	handle(t, `var f = async (r) => {
		const out = [r.method, r.url, r.headers.get("Content-Type"), r.headers.get("x-twice"), r.headers.get("x-bytes"), r.signal.aborted,
			r.body !== null, r.bodyUsed, Object.keys(r).length, Object.prototype.toString.call(r), r instanceof Request, r.constructor === Request];
		for (const change of [() => r.headers.set("a", "b"), () => r.headers.append("a", "b"), () => r.headers.delete("host")]) {
			try { change(); out.push("changed"); } catch (e) { out.push(e.name); }
		}
		const copy = new Headers(r.headers);
		copy.set("a", "b");
		out.push((await r.clone().json()).name, await r.text(), r.bodyUsed, copy.get("a"));
		try { await r.text(); } catch (e) { out.push(e.name); }
		return JSON.stringify(out);
	}`, incoming, func(_ *js.Sandbox, v goja.Value) {
		want := `["POST","http://Localhost:8080/fn/a/../b//c%2F?x=1&x=ä","application/json","1, 2","éÿ",false,` +
			`true,false,0,"[object Request]",true,true,"TypeError","TypeError","TypeError","Ada","{\"name\":\"Ada\"}",true,"b","TypeError"]`
		if got := v.String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestRequestWithoutBody(t *testing.T) {
	t.Parallel()
	handle(t, `var f = async (r) => JSON.stringify([r.url, r.body, await r.text(), await r.text(), r.bodyUsed])`,
		call.Request{Method: "GET", URL: "not a url"}, func(_ *js.Sandbox, v goja.Value) {
			if got := v.String(); got != `["not a url",null,"","",false]` {
				t.Error(got)
			}
		})
}

// TestBodyOfTheCallStaysAsItWas: what a script does to the bytes it reads must not change
// what is recorded of the call.
func TestBodyOfTheCallStaysAsItWas(t *testing.T) {
	t.Parallel()
	body := []byte("abc")
	handle(t, `var f = async (r) => { const b = new Uint8Array(await r.arrayBuffer()); b.fill(0); return b.length }`,
		call.Request{Method: "POST", URL: "http://a/", Body: content.Bytes(body)}, func(*js.Sandbox, goja.Value) {})
	if string(body) != "abc" {
		t.Errorf("%q", body)
	}
}

func TestReadResponse(t *testing.T) {
	t.Parallel()
	handle(t, `var f = () => new Response("héllo", { status: 201, headers: [["Set-Cookie", "a=1"], ["set-cookie", "b=2"], ["X", "é"]] })`,
		incoming, func(s *js.Sandbox, v goja.Value) {
			if !webapi.IsResponse(s, v) {
				t.Fatal("not a Response")
			}
			got, err := webapi.ReadResponse(s, v, 6)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(got.Body)
			want := []call.Field{{Name: "set-cookie", Value: "a=1"}, {Name: "set-cookie", Value: "b=2"}, {Name: "x", Value: "\xe9"}, {Name: "content-type", Value: "text/plain;charset=UTF-8"}}
			if got.Status != 201 || got.Body.Size() != 6 || string(body) != "héllo" || !slices.Equal(got.Header, want) {
				t.Errorf("%+v %q", got, body)
			}
		})
}

func TestReadResponseOfBytesAndOfNothing(t *testing.T) {
	t.Parallel()
	handle(t, `var f = () => new Response(new Uint8Array([1, 2]))`, incoming, func(s *js.Sandbox, v goja.Value) {
		got, err := webapi.ReadResponse(s, v, 2)
		if err != nil || got.Body.Size() != 2 || len(got.Header) != 0 {
			t.Errorf("%+v %v", got, err)
		}
	})
	handle(t, `var f = () => new Response(null, { status: 204 })`, incoming, func(s *js.Sandbox, v goja.Value) {
		got, err := webapi.ReadResponse(s, v, 0)
		if err != nil || got.Body != nil || got.Body.Size() != 0 || got.Status != 204 {
			t.Errorf("%+v %v", got, err)
		}
	})
}

func TestReadResponseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`({})`:                          "not a Response",
		`undefined`:                     "not a Response",
		`new Request("http:a")`:         "not a Response",
		`Object.create(new Response())`: "not a Response",
		`Response.error()`:              "failed fetch",
		`new Response("12345678901")`:   "11 bytes; at most 10",
		`(() => { const r = new Response("x"); r.text(); return r })()`: "already been read",
	} {
		handle(t, `var f = () => `+text, incoming, func(s *js.Sandbox, v goja.Value) {
			_, err := webapi.ReadResponse(s, v, 10)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", text, err)
			}
		})
	}
}

func TestAResponseIsSentOnce(t *testing.T) {
	t.Parallel()
	handle(t, `var f = () => new Response("x")`, incoming, func(s *js.Sandbox, v goja.Value) {
		if _, err := webapi.ReadResponse(s, v, 10); err != nil {
			t.Fatal(err)
		}
		if _, err := webapi.ReadResponse(s, v, 10); err == nil {
			t.Error("sent twice")
		}
	})
}

func TestNewAbort(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.NewGlobals(webapi.Globals()), `var seen = []; var f = (request, signal) => {
		request.signal.onabort = () => seen.push("request");
		signal.addEventListener("abort", () => seen.push(signal.reason.name, request.signal === signal, signal instanceof AbortSignal));
	}`)
	play(t, s, func() error {
		signal, abort := webapi.NewAbort(s)
		run, _ := goja.AssertFunction(s.VM().GlobalObject().Get("f"))
		if _, err := run(goja.Undefined(), webapi.NewRequest(s, &incoming, func() goja.Value { return signal }), signal); err != nil {
			return err
		}
		abort(nil)
		abort(nil)
		return nil
	})
	if got := s.VM().GlobalObject().Get("seen").String(); got != "request,AbortError,true,true" {
		t.Error(got)
	}
}

// TestListenersFailure: what a listener throws is told to the loop, not to the dispatcher.
func TestListenersFailure(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.NewGlobals(webapi.Globals()), `const t = new EventTarget();
		t.addEventListener("a", () => { throw new RangeError("listener") });
		var after = false;
		t.addEventListener("a", () => { after = true });
		var result = t.dispatchEvent(new Event("a"));`)
	var told failures
	s.Observe(&told)
	play(t, s, nil)
	global := s.VM().GlobalObject()
	if !global.Get("after").ToBoolean() || !global.Get("result").ToBoolean() || !slices.Equal(told, failures{"RangeError listener"}) {
		t.Error(global.Get("after"), global.Get("result"), told)
	}
}

// TestWhatAnybodyCanSend: bodies and addresses made to hurt are refused or read quickly by
// functions that do nothing unusual.
func TestWhatAnybodyCanSend(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	text := `var f = async (r) => {
		const out = [];
		for (const how of ["json", "formData", "text", "blob", "bytes"]) {
			try { await r.clone()[how](); out.push("read"); } catch (e) { out.push(e.name); }
		}
		const u = new URL(r.url);
		try { out.push(u.searchParams.size, [...u.searchParams].length); } catch (e) { out.push(e.name); }
		try { out.push([...r.headers].length, new Headers(r.headers).get("x")?.length); } catch (e) { out.push(e.name); }
		return out.join();
	}`
	part := "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n"
	for name, c := range map[string]struct{ kind, body, query string }{
		"deep arrays":            {"application/json", strings.Repeat("[", size), ""},
		"wide array":             {"application/json", "[" + strings.Repeat("[],", size/3) + "1]", ""},
		"deep objects":           {"application/json", strings.Repeat(`{"a":`, size/5), ""},
		"long string":            {"application/json", `"` + strings.Repeat(`\`, size), ""},
		"ampersands":             {"application/x-www-form-urlencoded", strings.Repeat("&", size), strings.Repeat("&", size)},
		"parameters":             {"application/x-www-form-urlencoded", strings.Repeat("a&", size/2), strings.Repeat("a&", size/2)},
		"percents":               {"application/x-www-form-urlencoded", strings.Repeat("%", size), strings.Repeat("%", size)},
		"parts":                  {"multipart/form-data; boundary=X", strings.Repeat(part, size/len(part)), ""},
		"boundaries":             {"multipart/form-data; boundary=X", strings.Repeat("--X\r\n", size/5), ""},
		"almost boundaries":      {"multipart/form-data; boundary=" + strings.Repeat("-", 70), "--" + strings.Repeat("-", 70) + "\r\n" + part + strings.Repeat("\r\n----", size/6), ""},
		"header lines":           {"multipart/form-data; boundary=X", "--X\r\n" + strings.Repeat("a:b\r\n", size/5), ""},
		"escapes":                {"multipart/form-data; boundary=X", "--X\r\nContent-Disposition: form-data; name=\"" + strings.Repeat(`\"`, size/2), ""},
		"parameters of the type": {"multipart/form-data; " + strings.Repeat("a=b;", size/4), "--X", ""},
		"invalid UTF-8":          {"text/plain", strings.Repeat("\xf0\x9f", size/2), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			headers := []call.Field{{Name: "content-type", Value: c.kind}}
			for range 50_000 {
				headers = append(headers, call.Field{Name: "x", Value: "y"})
			}
			request := call.Request{Method: "POST", URL: "http://localhost/?" + c.query, Header: headers, Body: content.Bytes([]byte(c.body))}
			handle(t, text, request, func(_ *js.Sandbox, v goja.Value) {
				t.Logf("%v %s", time.Since(began), v)
			})
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestManyInstances: the states of the first are kept in another way than later ones.
func TestManyInstances(t *testing.T) {
	t.Parallel()
	handle(t, `var f = () => {
		const all = [];
		for (let i = 0; i < 20; i++) all.push(new Headers({ n: String(i) }));
		const fakes = [Object.create(all[0]), Object.create(all[19]), new Proxy(all[0], {}), new Proxy(all[19], {}),
			Object.defineProperty({}, Object.getOwnPropertySymbols(all[19])[0] ?? "none", { value: 1 })];
		const refused = fakes.filter((fake) => { try { Headers.prototype.get.call(fake, "n"); return false } catch (e) { return e instanceof TypeError } });
		return all.map((h) => h.get("n")).join() + " " + refused.length;
	}`, incoming, func(_ *js.Sandbox, v goja.Value) {
		if got := v.String(); got != "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19 5" {
			t.Error(got)
		}
	})
}

// failures collects what nobody took and lets the run go on.
type failures []string

func (*failures) Stepped() func() error { return nil }

func (l *failures) Failed(_ goja.Value, f call.Failure) *js.Ending {
	*l = append(*l, f.Name+" "+f.Message)
	return nil
}
