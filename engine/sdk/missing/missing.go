// Package missing is the one list of names that people know from the web, Node.js, Workers,
// Deno and Bun and that a function does not find here, with what to use instead today. It
// shrinks as things are built: a test fails when a name of it exists in the sandbox.
package missing

import (
	"iter"
	"regexp"
	"slices"
	"strings"
)

// What to use instead, where several names have the same answer.
const (
	readme   = "The dashboard's documentation says what there is: /docs/globals#not-yet."
	requests = "Use fetch."
	sockets  = "A function answers requests and holds no connection open. " + readme
	streams  = "There are no streams yet: read a body with text(), json() or bytes(), and answer with the whole of it."
	random   = "Of cryptography there are crypto.getRandomValues and crypto.randomUUID. " + readme
	storage  = "There is no storage yet, and variables live for one call. " + readme
	page     = "A function runs on the server, where there is no page. " + readme
	threads  = "A function has one thread. " + readme
	events   = "There are Event, CustomEvent and EventTarget."
	later    = "Use setTimeout."
	bytes    = "Use Uint8Array with TextEncoder, TextDecoder, btoa and atob."
	handler  = "Export the handler: export default function (request) { … }"
	files    = "A function is one file, and there is no file system."
	imports  = `Only "picloud" can be imported, as in: import { log } from "picloud".`
)

// table is the list: what to use instead, and instead of which names.
var table = []struct{ instead, names string }{
	{requests, "XMLHttpRequest EventSource"},
	{sockets, "WebSocket WebSocketStream WebTransport RTCPeerConnection"},
	{random, "crypto.subtle CryptoKey SubtleCrypto"},
	{streams, "ReadableStream ReadableStreamDefaultReader ReadableStreamBYOBReader WritableStream WritableStreamDefaultWriter " +
		"TransformStream ByteLengthQueuingStrategy CountQueuingStrategy CompressionStream DecompressionStream"},
	{"Use TextDecoder and TextEncoder.", "TextDecoderStream TextEncoderStream"},
	{"Use URL and a regular expression.", "URLPattern"},
	{"Use console.error.", "reportError"},
	{"A function is JavaScript or TypeScript.", "WebAssembly"},
	{"Use toLocaleString, or put the text together.", "Intl"},
	{"Use Date.", "Temporal"},
	{events, "MessageEvent ErrorEvent PromiseRejectionEvent MessageChannel MessagePort BroadcastChannel"},
	{threads, "Worker SharedWorker SharedArrayBuffer Atomics"},
	{storage, "localStorage sessionStorage indexedDB caches Cache CacheStorage"},
	{"Use globalThis.", "window global"},
	{"Use new URL(request.url).", "location"},
	{"Use console.log.", "alert"},
	{page, "document history confirm prompt matchMedia DOMParser XMLSerializer HTMLElement Image ImageData OffscreenCanvas Notification"},
	{"Use text() and arrayBuffer() of Blob.", "FileReader"},
	{later, "requestAnimationFrame requestIdleCallback setImmediate"},
	{"Use clearTimeout.", "clearImmediate"},

	{imports, "require importScripts"},
	{handler, "addEventListener module exports Deno Bun"},
	{bytes, "Buffer"},
	{files, "__dirname __filename"},

	{"Put the page together as a text.", "HTMLRewriter"},
	{sockets, "WebSocketPair WebSocketRequestResponsePair"},
	{streams, "FixedLengthStream IdentityTransformStream"},
	{"There are no schedules yet. " + readme, "ScheduledEvent"},
}

// What is read of crypto.subtle. Some of these names may be of something else as well.
const (
	subtle      = "importKey exportKey generateKey deriveKey deriveBits wrapKey unwrapKey"
	maybeSubtle = "digest sign verify encrypt decrypt"
)

// Names are the names on the list, as they are written in a program, each with a sentence
// that says that it is missing and what to use instead.
func Names() iter.Seq2[string, string] {
	return func(yield func(name, text string) bool) {
		for _, row := range table {
			for name := range strings.FieldsSeq(row.names) {
				if !yield(name, name+" is not in PiCloud 0.x. "+row.instead) {
					return
				}
			}
		}
	}
}

// What the engine says of a name that is not there, and of a property of one.
var (
	undefined = regexp.MustCompile(`^([\w$]+) is not defined$`)
	ofNothing = regexp.MustCompile(`^Cannot read property '(\w+)' of undefined`)
)

// Explain puts the message of an error that is due to a missing name in words that help. Any
// other message stays as it is.
func Explain(message string) string {
	if found := undefined.FindStringSubmatch(message); found != nil {
		if text := textOf(found[1]); text != "" {
			return text
		}
	}
	if found := ofNothing.FindStringSubmatch(message); found != nil {
		if slices.Contains(strings.Fields(subtle), found[1]) {
			return textOf("crypto.subtle")
		}
		if slices.Contains(strings.Fields(maybeSubtle), found[1]) {
			return message + ". If it is crypto.subtle: " + textOf("crypto.subtle")
		}
	}
	return message
}

func textOf(wanted string) string {
	for name, text := range Names() {
		if name == wanted {
			return text
		}
	}
	return ""
}

// Where modules come from elsewhere, by how their names begin.
var origins = []struct{ prefix, text string }{
	{"node:", "is a module of Node.js, which is not here."},
	{"bun:", "is a module of Bun, which is not here."},
	{"cloudflare:", "is a module of Cloudflare Workers, which is not here."},
	{"npm:", "cannot be imported: packages are not in PiCloud 0.x."},
	{"jsr:", "cannot be imported: packages are not in PiCloud 0.x."},
}

const nodeModules = "assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain events fs http http2 " +
	"https inspector module net os path perf_hooks process punycode querystring readline repl stream string_decoder sys timers tls " +
	"trace_events tty url util v8 vm wasi worker_threads zlib"

// insteadOf are modules of Node.js, with what to use instead of them.
var insteadOf = map[string]string{
	"assert": "Throw an Error.", "buffer": bytes, "crypto": random, "events": events, "fs": files, "http": requests, "https": requests,
	"path": files, "process": "Use process.env without importing it, or env of \"picloud\".", "querystring": "Use URLSearchParams.", "stream": streams,
	"timers": later, "url": "Use URL and URLSearchParams.", "util": "Use structuredClone, TextEncoder and console.log.",
}

// Module says what to know of a module that is of elsewhere; "": nothing.
func Module(path string) string {
	name := strings.TrimPrefix(path, "node:")
	if base, _, _ := strings.Cut(name, "/"); slices.Contains(strings.Fields(nodeModules), base) {
		path, name = "node:"+name, base
	}
	for _, origin := range origins {
		if strings.HasPrefix(path, origin.prefix) {
			return strings.TrimSpace(origin.text + " " + insteadOf[name])
		}
	}
	return ""
}
