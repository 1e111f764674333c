package docs

// The entries of the reference, one a line.
var (
	function = []Entry{
		{Signature: "export default function (request, env, ctx)", Text: "The function that answers: a text, data that becomes JSON, a Response, or nothing.", Snippet: "export default async function (request, env, ctx) {\n  return { hello: \"world\" };\n}", Page: "functions#what-it-gets", Check: `value.hello === "world"`},
		{Signature: "export default { fetch(request, env, ctx) }", Text: "The same as a method of an object.", Snippet: "export default {\n  async fetch(request, env, ctx) {\n    return Response.json({ hello: \"world\" });\n  },\n}", Page: "functions#what-it-gets", Check: `value.status === 200`},
		{Signature: "ctx.waitUntil(promise)", Text: "Work that goes on after the answer.", Snippet: `ctx.waitUntil(Promise.resolve("later"));`, Page: "functions#after-the-answer", Check: `true`},
		{Signature: "ctx.signal", Text: "Aborts shortly before the run is ended.", Snippet: `ctx.signal.addEventListener("abort", () => console.warn("no time left"));`, Page: "functions#what-it-gets", Check: `!ctx.signal.aborted`},
		{Signature: "ctx.deadline", Text: "When the run is ended if it has not ended by itself.", Snippet: `const left = ctx.deadline.getTime() - Date.now();`, Page: "functions#what-it-gets", Check: `left > 0`},
		{Signature: "ctx.executionId", Text: "The id of this run, which its caller gets as X-Execution-Id.", Snippet: `ctx.executionId`, Page: "functions#what-it-gets", Check: `value.length === 36`},
		{Signature: "ctx.app, ctx.script", Text: "Whose run it is, and of which version; 0 is the draft.", Snippet: "const { name, version } = ctx.script;", Page: "functions#what-it-gets", Check: `name !== "" && version > 0`},
	}
	modules = []Entry{
		{Signature: "import { name } from \"app:module\"", Text: "Code that scripts of the app share; yours has other names.", Snippet: `const sum = total([{ price: 250, count: 3 }]);`, Import: "total from app:pricing", Page: "modules", Check: `sum === 750`},
	}
	request = []Entry{
		{Signature: "request.method", Text: "GET, POST and so on.", Snippet: `if (request.method !== "POST") return new Response("Send a POST.", { status: 405, headers: { Allow: "POST" } });`, Page: "globals#request-and-response", Check: `value === undefined`},
		{Signature: "request.url", Text: "The address as the caller wrote it; URL takes it apart.", Snippet: `const { pathname, searchParams } = new URL(request.url);`, Page: "globals#request-and-response", Check: `pathname === "/orders/7"`},
		{Signature: "url.searchParams.get(name)", Text: "A parameter of the query; null where there is none.", Snippet: `const name = new URL(request.url).searchParams.get("name") ?? "world";`, Page: "globals#url-and-urlsearchparams", Check: `name === "Ada"`},
		{Signature: "request.headers.get(name)", Text: "A header field; null where there is none.", Snippet: `const kind = request.headers.get("content-type") ?? "";`, Page: "globals#headers", Check: `kind === "application/json"`},
		{Signature: "request.json()", Text: "The body as JSON.", Snippet: `const data = await request.json();`, Page: "globals#request-and-response", Check: `data.name === "Ada"`},
		{Signature: "request.text()", Text: "The body as text.", Snippet: `const text = await request.text();`, Page: "globals#request-and-response", Check: `text === '{"name":"Ada"}'`},
		{Signature: "request.bytes(), request.arrayBuffer(), request.blob()", Text: "The body as bytes.", Snippet: `const bytes = await request.bytes();`, Page: "globals#request-and-response", Check: `bytes.length === 14`},
		{Signature: "request.formData()", Text: "The fields and files of a form that was sent.", Snippet: "const form = await request.formData();\nconst name = String(form.get(\"name\") ?? \"\");", Page: "globals#formdata-blob-and-file", Check: `name === "Ada"`},
		{Signature: "request.clone()", Text: "The same request once more, to read its body twice.", Snippet: `const text = await request.clone().text();`, Page: "globals#request-and-response", Check: `text !== "" && !request.bodyUsed`},
	}
	answer = []Entry{
		{Signature: "Response.json(data, init?)", Text: "Answer with JSON.", Snippet: `return Response.json({ ok: true });`, Page: "functions#what-it-answers", Check: `(await value.json()).ok`},
		{Signature: "new Response(body, init?)", Text: "Answer with a text, bytes or a form, a status and header fields.", Snippet: `return new Response("<h1>Hello</h1>", { status: 200, headers: { "Content-Type": "text/html; charset=utf-8" } });`, Page: "functions#what-it-answers", Check: `value.headers.get("content-type") === "text/html; charset=utf-8"`},
		{Signature: "Response.redirect(url, status?)", Text: "Lead the caller to another, absolute address.", Snippet: `return Response.redirect(new URL("/", request.url), 303);`, Page: "globals#request-and-response", Check: `value.status === 303`},
		{Signature: "new Response(null, { status: 404 })", Text: "Answer with a status alone.", Snippet: `return new Response(null, { status: 404 });`, Page: "functions#what-it-answers", Check: `value.status === 404`},
		{Signature: "new Headers(init?)", Text: "Header fields, with several cookies where it must be.", Snippet: "const headers = new Headers({ \"Cache-Control\": \"max-age=60\" });\nheaders.append(\"Set-Cookie\", \"seen=1; Path=/; HttpOnly\");", Page: "globals#headers", Check: `headers.getSetCookie().length === 1`},
	}
	configuration = []Entry{
		{Signature: "env.NAME", Text: "A variable or a secret of the app; undefined where there is none.", Snippet: `const greeting = env.GREETING ?? "Hello";`, Import: "env", Page: "variables#how-a-function-reads-them", Check: `greeting === "Hello"`},
		{Signature: "secrets.get(name)", Text: "A secret by its name; null where there is none.", Snippet: `const token = await secrets.get("API_TOKEN");`, Import: "secrets", Page: "variables#how-a-function-reads-them", Check: `token === null || token !== ""`},
		{Signature: "secrets.require(name)", Text: "A secret by its name; an error where there is none.", Snippet: `const token = await secrets.require("API_TOKEN");`, Import: "secrets", Page: "variables#how-a-function-reads-them", Check: `token !== ""`},
		{Signature: "secrets.has(name), secrets.names()", Text: "Which secrets there are.", Snippet: `const names = secrets.has("API_TOKEN") ? await secrets.names() : [];`, Import: "secrets", Page: "variables#how-a-function-reads-them", Check: `names.includes("API_TOKEN")`},
		{Signature: "process.env.NAME", Text: "The same as env, for libraries that look there.", Snippet: `const greeting = process.env.GREETING;`, Page: "globals#env-secrets-and-process", Check: `greeting === "Hello"`},
	}
	logging = []Entry{
		{Signature: "log.info(message, fields?)", Text: "A line in the log of the run, with fields.", Snippet: `log.info("greeting", { name: "Ada" });`, Import: "log", Page: "globals#console-and-log", Check: `true`},
		{Signature: "log.warn(message, fields?), log.debug(message, fields?)", Text: "The same on another level.", Snippet: `log.warn("few are left", { left: 3 });`, Import: "log", Page: "globals#console-and-log", Check: `true`},
		{Signature: "log.error(message, { error })", Text: "An error, with the place where it was made.", Snippet: "try {\n  JSON.parse(\"no JSON\");\n} catch (error) {\n  log.error(\"it cannot be read\", { error });\n}", Import: "log", Page: "globals#console-and-log", Check: `true`},
		{Signature: "log.with(fields)", Text: "A log that puts the fields on every line.", Snippet: `const own = log.with({ order: 7 });`, Import: "log", Page: "globals#console-and-log", Check: `own.info("paid") === undefined`},
		{Signature: "console.log(...data)", Text: "A line of the level info; warn, error and debug have theirs.", Snippet: `console.log("%d of %s", 3, "seven");`, Page: "globals#console-and-log", Check: `true`},
		{Signature: "console.table(rows)", Text: "Objects as a table.", Snippet: `console.table([{ name: "Ada", age: 36 }]);`, Page: "globals#console-and-log", Check: `true`},
		{Signature: "console.time(label), console.timeEnd(label)", Text: "How long something takes.", Snippet: "console.time(\"work\");\nconsole.timeEnd(\"work\");", Page: "globals#console-and-log", Check: `true`},
	}
	fetching = []Entry{
		{Signature: "fetch(url, init?)", Text: "A request of the function's own, with a time limit.", Snippet: "const answer = await fetch(\"https://api.example.com/rates\", { signal: AbortSignal.timeout(5000) });\nif (!answer.ok) return new Response(\"The rates are not there.\", { status: 502 });\nconst data = await answer.json();", Page: "fetch", Check: `true`},
		{Signature: "fetch(url, { method: \"POST\", body })", Text: "Send JSON.", Snippet: "const made = await fetch(\"https://api.example.com/orders\", {\n  method: \"POST\",\n  headers: { \"Content-Type\": \"application/json\" },\n  body: JSON.stringify({ item: 3 }),\n});", Page: "fetch", Check: `made.status === 201`},
		{Signature: "error.cause.code", Text: "Why a request came to nothing: dns, refused, tls, timeout, policy …", Snippet: "try {\n  await fetch(\"https://nothing.invalid/\");\n} catch (error) {\n  console.warn(error.cause?.code, error.message);\n}", Page: "fetch#how-it-fails", Check: `true`},
		{Signature: "new Request(url, init?)", Text: "A request to be sent, or sent again.", Snippet: `const ask = new Request("https://api.example.com/rates", { headers: { Accept: "application/json" } });`, Page: "globals#request-and-response", Check: `(await fetch(ask)).ok`},
	}
	urls = []Entry{
		{Signature: "new URL(url, base?)", Text: "An address, taken apart.", Snippet: `const url = new URL("../users?page=2", "https://example.com/api/orders/");`, Page: "globals#url-and-urlsearchparams", Check: `url.pathname === "/api/users"`},
		{Signature: "URL.parse(url, base?), URL.canParse(url, base?)", Text: "The same without an error for what is no address.", Snippet: `const url = URL.parse("no address");`, Page: "globals#url-and-urlsearchparams", Check: `url === null && !URL.canParse("no address")`},
		{Signature: "new URLSearchParams(init?)", Text: "Parameters of a query or of a form.", Snippet: `const query = new URLSearchParams({ page: "2", sort: "name" });`, Page: "globals#url-and-urlsearchparams", Check: `String(query) === "page=2&sort=name"`},
	}
	forms = []Entry{
		{Signature: "new FormData()", Text: "Fields and files to be sent.", Snippet: "const form = new FormData();\nform.append(\"name\", \"Ada\");", Page: "globals#formdata-blob-and-file", Check: `form.get("name") === "Ada"`},
		{Signature: "new File(parts, name, options?)", Text: "Bytes with a name and a type.", Snippet: `const file = new File(["a,b\n"], "table.csv", { type: "text/csv" });`, Page: "globals#formdata-blob-and-file", Check: `file.size === 4`},
		{Signature: "new Blob(parts?, options?)", Text: "Bytes with a type.", Snippet: `const blob = new Blob(["Hello"], { type: "text/plain" });`, Page: "globals#formdata-blob-and-file", Check: `(await blob.text()) === "Hello"`},
	}
	bytesOf = []Entry{
		{Signature: "new TextEncoder().encode(text)", Text: "Text to UTF-8.", Snippet: `new TextEncoder().encode("naïve")`, Page: "globals#textencoder-textdecoder-atob-and-btoa", Check: `value.length === 6`},
		{Signature: "new TextDecoder(label?).decode(bytes)", Text: "Bytes to text.", Snippet: `new TextDecoder().decode(new Uint8Array([72, 105]))`, Page: "globals#textencoder-textdecoder-atob-and-btoa", Check: `value === "Hi"`},
		{Signature: "btoa(text), atob(base64)", Text: "Base64 of a text with one byte a character.", Snippet: `btoa("user:password")`, Page: "globals#textencoder-textdecoder-atob-and-btoa", Check: `atob(value) === "user:password"`},
		{Signature: "bytes.toBase64(), Uint8Array.fromBase64(text)", Text: "Base64 of bytes.", Snippet: `new Uint8Array([1, 2, 3]).toBase64()`, Page: "globals#textencoder-textdecoder-atob-and-btoa", Check: `value === "AQID"`},
		{Signature: "structuredClone(value)", Text: "A deep copy.", Snippet: `structuredClone({ at: new Date(), tags: new Set(["new"]) })`, Page: "globals#structuredclone", Check: `value.tags.has("new")`},
	}
	random = []Entry{
		{Signature: "crypto.randomUUID()", Text: "A random id.", Snippet: `crypto.randomUUID()`, Page: "globals#crypto", Check: `/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)`},
		{Signature: "crypto.getRandomValues(array)", Text: "Random bytes.", Snippet: `const bytes = crypto.getRandomValues(new Uint8Array(16));`, Page: "globals#crypto", Check: `bytes.some((b) => b > 0)`},
	}
	times = []Entry{
		{Signature: "setTimeout(run, milliseconds)", Text: "Wait, without taking executing time.", Snippet: `await new Promise((done) => setTimeout(done, 100));`, Page: "globals#timers", Check: `true`},
		{Signature: "clearTimeout(id)", Text: "Take a timer back.", Snippet: "const timer = setTimeout(() => console.log(\"late\"), 1000);\nclearTimeout(timer);", Page: "globals#timers", Check: `typeof timer === "number"`},
		{Signature: "setInterval(run, milliseconds), clearInterval(id)", Text: "Again and again while the run goes on.", Snippet: "const ticks = setInterval(() => console.log(\"tick\"), 1000);\nclearInterval(ticks);", Page: "globals#timers", Check: `typeof ticks === "number"`},
		{Signature: "queueMicrotask(run)", Text: "As soon as what runs now has ended.", Snippet: `queueMicrotask(() => console.log("next"));`, Page: "globals#timers", Check: `true`},
		{Signature: "performance.now()", Text: "Milliseconds since the run began.", Snippet: "const begun = performance.now();\nconst took = performance.now() - begun;", Page: "globals#performance-navigator-and-self", Check: `took >= 0`},
	}
	events = []Entry{
		{Signature: "AbortSignal.timeout(milliseconds)", Text: "A signal that aborts after a time.", Snippet: `AbortSignal.timeout(5000)`, Page: "globals#abortcontroller-and-abortsignal", Check: `!value.aborted`},
		{Signature: "AbortSignal.any(signals)", Text: "A signal that aborts as soon as one of them does.", Snippet: `const signal = AbortSignal.any([request.signal, AbortSignal.timeout(5000)]);`, Page: "globals#abortcontroller-and-abortsignal", Check: `!signal.aborted`},
		{Signature: "new AbortController()", Text: "Abort what was given its signal.", Snippet: "const controller = new AbortController();\ncontroller.abort();", Page: "globals#abortcontroller-and-abortsignal", Check: `controller.signal.aborted`},
		{Signature: "new EventTarget()", Text: "Something that others listen to.", Snippet: "const bus = new EventTarget();\nbus.addEventListener(\"paid\", (event) => console.log(event.type));\nbus.dispatchEvent(new Event(\"paid\"));", Page: "globals#event-eventtarget-customevent-and-domexception", Check: `true`},
		{Signature: "new CustomEvent(type, { detail })", Text: "An event that carries something.", Snippet: `const paid = new CustomEvent("paid", { detail: { order: 7 } });`, Page: "globals#event-eventtarget-customevent-and-domexception", Check: `paid.detail.order === 7`},
		{Signature: "new DOMException(message, name)", Text: "An error with one of the web's names.", Snippet: `throw new DOMException("Too late.", "TimeoutError");`, Page: "globals#event-eventtarget-customevent-and-domexception", Check: `value.name === "TimeoutError"`},
	}
	surroundings = []Entry{
		{Signature: "navigator.userAgent", Text: "It is \"PiCloud\", for libraries that run in several places.", Snippet: `navigator.userAgent`, Page: "globals#performance-navigator-and-self", Check: `value === "PiCloud"`},
		{Signature: "self", Text: "The same as globalThis.", Snippet: `self`, Page: "globals#performance-navigator-and-self", Check: `value === globalThis`},
	}
)
