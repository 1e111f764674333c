package js_test

import (
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/js"
)

// held are attacks that must end by their limit, with what ends them: the outcome of the
// stop, the depth of calls, or an error the script itself may catch.
func held() map[string][2]string {
	return map[string][2]string{
		"while":                   {`while(true){}`, "cpu"},
		"try finally":             {`for(;;){try{for(;;){}}catch(e){}finally{for(;;){}}}`, "cpu"},
		"promise loop":            {`function f(){Promise.resolve().then(f)} f()`, "cpu"},
		"await loop":              {`(async()=>{for(;;) await null})()`, "cpu"},
		"generator loop":          {`function*g(){for(;;)yield 1} for(const x of g()){}`, "cpu"},
		"iterator return":         {`for (const x of {[Symbol.iterator](){return {next(){return {}}, return(){for(;;){}}}}}){ for(;;){} }`, "cpu"},
		"comparator":              {`[3,2,1,5].sort(()=>{for(;;);})`, "cpu"},
		"getter in stringify":     {`JSON.stringify({get a(){for(;;);}})`, "cpu"},
		"replacer":                {`'aaa'.replace(/a/g,()=>{for(;;);})`, "cpu"},
		"timer loop":              {`setTimeout(function f(){ for(;;); }, 1)`, "cpu"},
		"interval for ever":       {`setInterval(() => {}, 1)`, "cpu"},
		"zero timers":             {`(function f(){ setTimeout(f, 0) })()`, "cpu"},
		"microtask loop":          {`(function f(){ queueMicrotask(f) })()`, "cpu"},
		"throw looping text":      {`throw {toString(){for(;;);}, get message(){for(;;);}, get name(){for(;;);}}`, "error"},
		"error looping text":      {`const e = new Error('x'); Object.defineProperty(e, 'message', {get(){for(;;);}}); throw e`, "cpu"},
		"error throwing text":     {`const e = new Error('x'); Object.defineProperty(e, 'message', {get(){throw 1}}); throw e`, "error"},
		"throw a string":          {`throw 'text'`, "error"},
		"throw null":              {`throw null`, "error"},
		"throw a symbol":          {`throw Symbol('x')`, "error"},
		"throw a proxy":           {`throw new Proxy({}, {get(){for(;;);}, getPrototypeOf(){for(;;);}, ownKeys(){for(;;);}})`, ""},
		"recursion":               {`function f(){f()} f()`, "stack"},
		"recursion in getter":     {`const o={get a(){return this.a}}; o.a`, "stack"},
		"recursion in exec":       {`const o = { exec() { o.exec() } }; o.exec()`, "stack"},
		"recursion in sort":       {`function f(){[2,1].sort(f)} f()`, "stack"},
		"recursion in class":      {`class A{constructor(){new A()}} new A()`, "stack"},
		"recursion in async":      {`async function f(){await f()} f()`, "stack"},
		"eval parentheses":        {`eval('('.repeat(1e6)+'1'+')'.repeat(1e6))`, "error"},
		"eval brackets":           {`eval('['.repeat(1e5)+']'.repeat(1e5))`, "error"},
		"eval not":                {`eval('!'.repeat(1e7)+'1')`, "error"},
		"eval plus":               {`eval('1+'.repeat(4e5)+'1')`, "error"},
		"eval else if":            {`eval('if(0);else '.repeat(3e4)+';')`, "error"},
		"eval templates":          {"eval('`${'.repeat(1e5)+'1'+'}`'.repeat(1e5))", "error"},
		"eval objects":            {`eval('x='+'{a:'.repeat(1e5)+'1'+'}'.repeat(1e5))`, "error"},
		"eval as a property":      {`globalThis.eval('('.repeat(1e6))`, "error"},
		"eval by another name":    {`const e = eval; e('('.repeat(1e6))`, "error"},
		"eval in eval":            {`eval("eval('('.repeat(1e6))")`, "error"},
		"new Function":            {`new Function('('.repeat(2e6))`, "error"},
		"Function":                {`Function('('.repeat(5e5))`, "error"},
		"Function parameter":      {`new Function('a='+'['.repeat(1e5)+']'.repeat(1e5), '')`, "error"},
		"function constructor":    {`(()=>{}).constructor('('.repeat(5e5))`, "error"},
		"generator constructor":   {`Object.getPrototypeOf(function*(){ yield 1 }).constructor('('.repeat(5e5))`, "error"},
		"async constructor":       {`new ((async () => {}).constructor)('('.repeat(5e5))`, "error"},
		"eval of a long text":     {`eval(';'.repeat(5e6))`, "ok"},
		"eval behind a comment":   {`eval("//\r" + '('.repeat(1e5))`, "error"},
		"eval behind a slash":     {`eval("a++ /" + '('.repeat(1e5))`, "error"},
		"eval tagged templates":   {"eval('a' + '``'.repeat(5e5))", "error"},
		"eval powers":             {`eval('2**'.repeat(1e5) + '1')`, "error"},
		"eval new":                {`eval('new '.repeat(1e5) + 'a')`, "error"},
		"eval members":            {`eval('a' + '.a'.repeat(4e5))`, "error"},
		"Function in parts":       {`new Function("/*", "*/" + '('.repeat(1e5))`, "error"},
		"Function by hidden name": {`(()=>{})["const" + "ructor"]('['.repeat(1e6))`, "error"},
		"repeat 2^53":             {`'x'.repeat(2**53-1)`, "error"},
		"repeat 2^33":             {`'x'.repeat(2**33)`, "error"},
		"repeat 2^62":             {`'xxxx'.repeat(2**62)`, "error"},
		"repeat lying valueOf":    {`let n = 0; 'x'.repeat({valueOf(){ return n++ ? 2**40 : 1 }})`, "ok"},
		"padStart 2^33":           {`'x'.padStart(2**33)`, "error"},
		"padEnd 2^53":             {`'x'.padEnd(2**53-1,'ab')`, "error"},
		"fill 4e9":                {`new Array(4294967295).fill(0)`, "error"},
		"fill far index":          {`const a=[];a[4294967294]=1;a.fill(0)`, "error"},
		"join 1e9":                {`new Array(1e9).join('xxxxxxxxxx')`, "error"},
		"join amplified":          {`const s='x'.repeat(1e6); const a=[]; for(let i=0;i<3000;i++)a.push(s); a.join('')`, "error"},
		"join shared":             {`let o=[1];for(let i=0;i<40;i++)o=[o,o];o.join()`, "cpu"},
		"ArrayBuffer 2^33":        {`new ArrayBuffer(2**33)`, "error"},
		"Uint8Array 2^33":         {`new Uint8Array(2**33)`, "error"},
		"Float64Array 2^50":       {`new Float64Array(2**50)`, "error"},
		"array-like bytes":        {`new Uint8Array({length:2**33})`, "error"},
		"subclass bytes":          {`class B extends Uint8Array {} new B(2**33)`, "error"},
		"subclass a buffer":       {`class B extends ArrayBuffer {} new B(2**33)`, "error"},
		"bytes by text":           {`new globalThis["Uint8Array"](2**33)`, "error"},
		"bytes by property":       {`new globalThis.Float64Array(2**33)`, "error"},
		"bytes by another name":   {`const U = Uint8Array; new U(2**33)`, "error"},
		"bytes in eval":           {`eval("new Uint8Array(2**33)")`, "error"},
		"bytes bound":             {`new (Uint8Array.bind(null, 2**33))()`, "error"},
		"bytes by Reflect":        {`Reflect.construct(Uint8Array, [2**33], Object)`, "error"},
		"bytes given":             {`(function (Uint8Array) { new Uint8Array(2**33) })(globalThis.Uint8Array)`, "error"},
		"bytes by shorthand":      {`const { Uint8Array } = globalThis; new Uint8Array(2**33)`, "error"},
		"bytes assigned":          {`let U; [U = Uint8Array] = []; new U(2**33)`, "error"},
		"bytes in a default":      {`((U = Uint8Array) => new U(2**33))()`, "error"},
		"constructor of bytes":    {`new (new Uint8Array(1)).constructor(2**33)`, "error"},
		"constructor given":       {`const { constructor } = new Uint8Array(1); new constructor(2**33)`, "error"},
		"constructor renamed":     {`const { constructor: C } = new Uint8Array(1); new C(2**33)`, "error"},
		"constructor defaulted":   {"const {\nconstructor\n= 1 } = new Uint8Array(1).buffer; new constructor(2**33)", "error"},
		"constructor by text":     {`new (new Int16Array(1))["constructor"](2**33)`, "error"},
		"of another's buffer":     {`new (new Float32Array(1).buffer.constructor)(2**33)`, "error"},
		"of a prototype":          {`new Uint8Array.prototype.constructor(2**33)`, "error"},
		"parent of bytes":         {`new (Object.getPrototypeOf(Uint8Array))(2**33)`, "error"},
		"from array-like":         {`Uint8Array.from({length:2**33})`, "error"},
		"parent's from":           {`Object.getPrototypeOf(Uint8Array).from.call(Uint8Array, {length:2**33})`, "error"},
		"parent's of":             {`Object.getPrototypeOf(Uint8Array).of.call(function () { return new Uint8Array(2**33) })`, "error"},
		"species of bytes":        {`class B extends Uint8Array { static get [Symbol.species]() { return function () { return new Float64Array(2**33) } } } new B(8).map(x => x)`, "error"},
		"species of a buffer":     {`class B extends ArrayBuffer { static get [Symbol.species]() { return function () { return new ArrayBuffer(2**33) } } } new B(8).slice(0)`, "error"},
		"species is bytes":        {`const s = { [Symbol.species]: function (n) { return new Uint8Array(n * 2**33) } }; const b = new Uint8Array(1); Object.defineProperty(b, "constructor", { value: s }); b.slice(0)`, "error"},
		"JSON by another name":    {`const J = JSON; J.parse('['.repeat(1e6))`, "error"},
		"JSON in a default":       {`((text, { parse } = JSON) => parse(text))('['.repeat(1e6))`, "error"},
		"JSON given":              {`const { JSON } = globalThis; JSON.parse('['.repeat(1e6))`, "error"},
		"BigInt given":            {`const B = BigInt; B('9'.repeat(1e7))`, "error"},
		"BigInt's asUintN":        {`const { asUintN } = BigInt; asUintN(2**53-1,-1n)`, "error"},
		"BigInt of a BigInt":      {`(1n).constructor('9'.repeat(1e7) + BigInt)`, "error"},
		"number text":             {`const p = parseInt; p('9'.repeat(1e8))`, "error"},
		"pattern":                 {`const R = RegExp; new R('(?:'.repeat(1e5))`, "error"},
		"Array.from 2^32":         {`Array.from({length:2**32-1})`, "error"},
		"String.raw":              {`String.raw({raw:{length:2**53-1}})`, "error"},
		"apply array-like":        {`Math.max.apply(null,{length:2**31})`, "error"},
		"indexOf array-like":      {`Array.prototype.indexOf.call({length:2**53-1},1)`, "error"},
		"forEach array-like":      {`Array.prototype.forEach.call({length:2**53-1},()=>{})`, "error"},
		"every on sparse":         {`new Array(4294967295).every(x=>x)`, "error"},
		"sort array-like":         {`Array.prototype.sort.call({length:2**31})`, "error"},
		"native microtasks":       {`const t=[]; t[0]=t; t.then=Array.prototype.forEach; Promise.resolve(t)`, "cpu"},
		"flat cycle":              {`const a=[];a[0]=a;a[1]=a;a.flat(Infinity)`, "error"},
		"flat shared":             {`let o=[1];for(let i=0;i<40;i++)o=[o,o];o.flat(Infinity)`, ""},
		"replace amplified":       {`'a'.repeat(1e5).replace(/a/g,'b'.repeat(1e5))`, "error"},
		"replaceAll amplified":    {`'a'.repeat(1e5).replaceAll('a','b'.repeat(1e5))`, "error"},
		"replace around":          {"'x'.repeat(1e5).replace(/x/g,\"$`$'\")", "error"},
		"split characters":        {`'x'.repeat(3e7).split('')`, "error"},
		"normalize":               {`'\uFDFA'.repeat(3e7).normalize('NFKD')`, "error"},
		"concat strings":          {`let s='x'.repeat(1e7);''.concat(s,s,s,s,s,s,s,s,s,s)`, "error"},
		"BigInt digits":           {`BigInt('9'.repeat(1e7))`, "error"},
		"BigInt.asUintN":          {`BigInt.asUintN(2**53-1,-1n)`, "error"},
		"parse deep":              {`JSON.parse('['.repeat(1e6))`, "error"},
		"parse wide":              {`JSON.parse('['+'[],'.repeat(1e6)+'1]')`, "error"},
		"parse deep objects":      {`JSON.parse('{"a":'.repeat(1e6))`, "error"},
		"spread a text":           {`const o='x'.repeat(1e6); ({...o, at: 1})`, "error"},
		"rest of a text":          {`const {length, ...rest} = 'x'.repeat(1e6)`, "error"},
		"assign rest of text":     {`let length, rest; ({length, ...rest} = 'x'.repeat(1e6))`, "error"},
		"assign a text":           {`Object.assign({}, 'x'.repeat(1e6))`, "error"},
		"keys of a text":          {`Object.keys('x'.repeat(1e6))`, "error"},
		"stringify deep":          {`let o=[];for(let i=0;i<1e5;i++)o=[o];JSON.stringify(o)`, "error"},
		"stringify cycle":         {`const a=[];a[0]=a;JSON.stringify(a)`, "error"},
		"stringify shared":        {`let o=[1];for(let i=0;i<40;i++)o=[o,o];JSON.stringify(o)`, "error"},
		"stringify amplified":     {`const s='x'.repeat(1e6);const a=[];for(let i=0;i<3000;i++)a.push(s);JSON.stringify(a)`, "error"},
		"stringify endless":       {`const f=function(){return {a:{get b(){return f()}}}};JSON.stringify(f())`, "error"},
		"stringify itself":        {`const o={};o.toJSON=JSON.stringify.bind(null,o);JSON.stringify(o)`, "error"},
		"stringify array-like":    {`JSON.stringify(new Array(4294967295))`, "error"},
		"regex quadratic":         {`'x'.repeat(2e5).replace(/x(?:.*y)?/g,'')`, "cpu"},
		"regex quadratic two":     {`'x'.repeat(2e5).replace(/x(?=z)?(?:.*y)?/g,'')`, "cpu"},
		"regex matchAll":          {`[...'x'.repeat(1e6).matchAll(/x(?:.*y)?/g)]`, "cpu"},
		"regex matchAll text":     {`Array.from('x'.repeat(1e6).matchAll('x(?:.*y)?'))`, "cpu"},
		"regex lookahead":         {`/^(?=a)(a+)+$/.test('a'.repeat(40)+'b')`, "error"},
		"regex backreference":     {`/^(a+)+\1$/.test('a'.repeat(60)+'b')`, "error"},
		"regex exec":              {`/^(?=a)(a+)+$/.exec('a'.repeat(60)+'b')`, "error"},
		"regex exec of a name":    {`const r = /^(?=a)(a+)+$/g; [1].map(() => r.exec('a'.repeat(60)+'b'))`, "error"},
		"regex replaced by code":  {`('a'.repeat(60)+'b').replace(/^(?=a)(a+)+$/, () => 'x')`, "error"},
		"regex all by code":       {`('a'.repeat(60)+'b').replaceAll(/^(?=a)(a+)+$/g, () => 'x')`, "error"},
		"regex split":             {`('a'.repeat(60)+'b').split(/^(?=a)(a+)+$/)`, "error"},
		"regex letters":           {`/^(\p{L}+)+$/u.test('a'.repeat(60)+'1')`, "error"},
		"regex many":              {`/^(a{1,2000})+$/.test('a'.repeat(60)+'b')`, "error"},
		"regex match":             {`('a'.repeat(60)+'b').match(/^(?=a)(a+)+$/)`, "error"},
		"proxy in prototypes":     {`const o={};const p=new Proxy(o,{});Object.setPrototypeOf(o,p);o.x`, "error"},
		"source map of a file":    {"eval('1\\n//# sourceMappingURL=file:///dev/zero')", "ok"},
		"no prototype":            {`Object.setPrototypeOf(globalThis, null); setTimeout`, "error"},
		"own internal name":       {`globalThis.__picloud_enter = 1; Promise.resolve().then(() => { throw 1 })`, "error"},
	}
}

func TestAttacksAreHeld(t *testing.T) {
	t.Parallel()
	changed(t) // without them some end this process
	for name, attack := range held() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sandbox(t, attack[0])
			limit := 20 * time.Second
			if attack[1] == "cpu" || attack[1] == "" {
				limit = 300 * time.Millisecond
			}
			stop := time.AfterFunc(limit, func() { s.Stop(call.CPU, "too long") })
			defer stop.Stop()
			began := time.Now()
			ending := s.Run(s.Load)
			took := time.Since(began)
			outcome := call.OK
			if ending != nil {
				outcome = ending.Outcome
			}
			if want := attack[1]; want != "" && string(outcome) != want {
				t.Errorf("outcome %s (%+v), want %s", outcome, ending, want)
			}
			if took > limit+5*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestErrorsOfGuardsAreCatchable(t *testing.T) {
	t.Parallel()
	out, ending := run(t, `var out = ""; for (const bomb of [
		() => 'x'.repeat(2**40), () => new ArrayBuffer(2**40), () => JSON.parse('['.repeat(600)),
		() => new Array(2**31).fill(0), () => Array.from({length: 2**31}),
	]) { try { bomb(); out += "ran " } catch (error) { out += error instanceof RangeError ? "" : error } }`)
	if ending != nil || out != "" {
		t.Error(out, ending)
	}
}

func TestStopIsNeverLost(t *testing.T) {
	t.Parallel()
	t.Run("before the start", func(t *testing.T) {
		t.Parallel()
		s := sandbox(t, `var out = 1`)
		s.Stop(call.Cancelled, "gone")
		s.Stop(call.Timeout, "late")
		if ending := s.Run(s.Load); ending == nil || ending.Outcome != call.Cancelled {
			t.Error(ending)
		}
		if s.VM().Get("out") != nil {
			t.Error("code ran after the stop")
		}
	})
	t.Run("while waiting", func(t *testing.T) {
		t.Parallel()
		s := sandbox(t, `var out = 0; setTimeout(() => { out = 1 }, 60_000)`)
		began := time.Now()
		time.AfterFunc(20*time.Millisecond, func() { s.Stop(call.Timeout, "wall") })
		if ending := s.Run(s.Load); ending == nil || ending.Outcome != call.Timeout || time.Since(began) > 5*time.Second {
			t.Error(ending, time.Since(began))
		}
	})
	t.Run("in a step", func(t *testing.T) {
		t.Parallel()
		s := sandbox(t, `var out = 0; Promise.resolve().then(() => { out++ }); setTimeout(() => { out++ }, 0)`)
		ending := s.Run(func() error {
			if err := s.Load(); err != nil {
				return err
			}
			s.Stop(call.CPU, "now")
			return nil
		})
		if ending == nil || ending.Outcome != call.CPU {
			t.Fatal(ending)
		}
		if out := s.VM().Get("out").ToInteger(); out != 0 {
			t.Error("code ran after the stop:", out)
		}
	})
	t.Run("during a native callback", func(t *testing.T) {
		t.Parallel()
		s := sandbox(t, `var out = 0; Promise.resolve().then(() => host()).then(() => { out++ }); Promise.resolve().then(() => { out++ });`)
		s.VM().Set("host", func() error { s.Stop(call.Memory, "over"); return nil })
		if ending := s.Run(s.Load); ending == nil || ending.Outcome != call.Memory {
			t.Fatal(ending)
		}
		if out := s.VM().Get("out").ToInteger(); out != 0 {
			t.Error("code ran after the stop:", out)
		}
	})
}

func TestGoPanicEndsTheRunOnly(t *testing.T) {
	t.Parallel()
	s := sandbox(t, `try { host() } catch { }`)
	s.VM().Set("host", func() { panic("a bug of the host") })
	ending := s.Run(s.Load)
	if ending == nil || ending.Outcome != call.Error {
		t.Error(ending)
	}
}

func TestFailureIsRead(t *testing.T) {
	t.Parallel()
	_, ending := run(t, "function deep() {\n  throw new TypeError('no ' + 'x'.repeat(20_000));\n}\n\ndeep();")
	if ending == nil {
		t.Fatal("no ending")
	}
	f := ending.Failure
	if f.Name != "TypeError" || len(f.Message) > 9000 || len(f.Stack) != 2 {
		t.Fatalf("%s %d %+v", f.Name, len(f.Message), f.Stack)
	}
	if top := f.Stack[0]; top.Function != "deep" || top.File != js.FileName || top.Line != 2 || top.Column == 0 {
		t.Errorf("%+v", top)
	}
}

func TestALimitShowsItsPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text    string
		outcome call.Outcome
		top     call.Frame
		frames  int
	}{
		"loop":      {"function spin() {\n  for (;;) { Math.sqrt(2); }\n}\n\nspin();", call.CPU, call.Frame{Function: "spin", File: js.FileName, Line: 2}, 2},
		"async":     {"async function spin() {\n  await null;\n  for (;;) { Math.sqrt(2); }\n}\nspin();", call.CPU, call.Frame{Function: "spin", File: js.FileName, Line: 3}, 1},
		"built-in":  {"function spin() {\n  return [...'x'.repeat(1e6).matchAll(/x(?:.*y)?/g)];\n}\nspin();", call.CPU, call.Frame{Function: "spin", File: js.FileName, Line: 2}, 2},
		"recursion": {"let n = 0;\nfunction deep() {\n  n++; deep();\n}\ndeep();", call.Stack, call.Frame{Function: "deep", File: js.FileName, Line: 3}, 32},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sandbox(t, c.text)
			if c.outcome == call.CPU {
				stop := time.AfterFunc(300*time.Millisecond, func() { s.Stop(call.CPU, "too long") })
				defer stop.Stop()
			}
			ending := s.Run(s.Load)
			if ending == nil || ending.Outcome != c.outcome {
				t.Fatal(ending)
			}
			stack := ending.Failure.Stack
			if len(stack) != c.frames {
				t.Fatalf("%d frames: %+v", len(stack), stack)
			}
			top := stack[0]
			top.Column = 0
			if top != c.top || stack[0].Column == 0 {
				t.Errorf("%+v", stack[0])
			}
		})
	}
}
