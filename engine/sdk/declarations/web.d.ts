// ---- Fetch ------------------------------------------------------------------------------

type HeadersInit = Headers | Iterable<readonly [string, string] | readonly string[]> | Record<string, string>;

/** Header fields of a request or response. Names do not care about case. */
declare class Headers {
	constructor(init?: HeadersInit);
	append(name: string, value: string): void;
	delete(name: string): void;
	get(name: string): string | null;
	/** Every Set-Cookie, uncombined. */
	getSetCookie(): string[];
	has(name: string): boolean;
	set(name: string, value: string): void;
	entries(): IterableIterator<[string, string]>;
	forEach(callback: (value: string, name: string, headers: Headers) => void, thisArg?: unknown): void;
	keys(): IterableIterator<string>;
	values(): IterableIterator<string>;
	[Symbol.iterator](): IterableIterator<[string, string]>;
}

/** The body of a Request or Response, good for being handed to another one. It is not a stream: those are not there yet. */
interface OpaqueBody {
	readonly [Symbol.toStringTag]: "Body";
}

type BufferSource = ArrayBuffer | ArrayBufferView;
type BodyInit = string | BufferSource | Blob | FormData | URLSearchParams | OpaqueBody;
type RequestInfo = Request | URL | string;

interface RequestInit {
	method?: string;
	headers?: HeadersInit;
	body?: BodyInit | null;
	signal?: AbortSignal | null;
	redirect?: "follow" | "error" | "manual";
	cache?: "default" | "no-store" | "reload" | "no-cache" | "force-cache" | "only-if-cached";
	credentials?: "omit" | "same-origin" | "include";
	mode?: "same-origin" | "no-cors" | "cors";
	referrer?: string;
	referrerPolicy?: string;
	integrity?: string;
	keepalive?: boolean;
	duplex?: "half";
}

/** An HTTP request. The headers of the one a handler gets cannot be changed. */
declare class Request {
	constructor(input: RequestInfo, init?: RequestInit);
	readonly method: string;
	readonly url: string;
	readonly headers: Headers;
	/** Not a stream; use text, json, bytes, arrayBuffer, blob or formData. */
	readonly body: OpaqueBody | null;
	readonly bodyUsed: boolean;
	readonly signal: AbortSignal;
	readonly cache: string;
	readonly credentials: string;
	readonly destination: string;
	readonly duplex: "half";
	readonly integrity: string;
	readonly keepalive: boolean;
	readonly mode: string;
	readonly redirect: string;
	readonly referrer: string;
	readonly referrerPolicy: string;
	clone(): Request;
	text(): Promise<string>;
	/** At most 200,000 values, nested at most 500 deep. */
	json<T = any>(): Promise<T>;
	bytes(): Promise<Uint8Array>;
	arrayBuffer(): Promise<ArrayBuffer>;
	blob(): Promise<Blob>;
	/** Reads multipart/form-data and application/x-www-form-urlencoded, at most 10,000 fields. */
	formData(): Promise<FormData>;
}

interface ResponseInit {
	/** 200 to 599. */
	status?: number;
	statusText?: string;
	headers?: HeadersInit;
}

/** An HTTP response. */
declare class Response {
	constructor(body?: BodyInit | null, init?: ResponseInit);
	static error(): Response;
	/** A response with the JSON of the data and the content type application/json. */
	static json(data: unknown, init?: ResponseInit): Response;
	/** The URL is absolute; the status is 301, 302 (as when left out), 303, 307 or 308. */
	static redirect(url: string | URL, status?: number): Response;
	readonly status: number;
	readonly statusText: string;
	readonly ok: boolean;
	readonly headers: Headers;
	/** Not a stream; use text, json, bytes, arrayBuffer, blob or formData. */
	readonly body: OpaqueBody | null;
	readonly bodyUsed: boolean;
	readonly redirected: boolean;
	readonly type: "basic" | "default" | "error";
	readonly url: string;
	clone(): Response;
	text(): Promise<string>;
	json<T = any>(): Promise<T>;
	bytes(): Promise<Uint8Array>;
	arrayBuffer(): Promise<ArrayBuffer>;
	blob(): Promise<Blob>;
	formData(): Promise<FormData>;
}

/**
 * Sends a request. The promise is fulfilled when the answer is there with its body (up to 10 MiB), whatever its status; it is
 * rejected with a TypeError whose cause has a code: "dns", "refused", "tls", "timeout", "policy", "protocol", "too large" …
 */
declare function fetch(input: RequestInfo, init?: RequestInit): Promise<Response>;

// ---- URL --------------------------------------------------------------------------------

/** A parsed URL. */
declare class URL {
	constructor(url: string | URL, base?: string | URL);
	static canParse(url: string | URL, base?: string | URL): boolean;
	/** null: not a URL. */
	static parse(url: string | URL, base?: string | URL): URL | null;
	hash: string;
	host: string;
	hostname: string;
	href: string;
	readonly origin: string;
	password: string;
	pathname: string;
	port: string;
	protocol: string;
	search: string;
	/** The query as a list; changes of it change the URL. */
	readonly searchParams: URLSearchParams;
	username: string;
	toJSON(): string;
	toString(): string;
}

/** The parameters of a query or of a urlencoded form. */
declare class URLSearchParams {
	constructor(init?: string | URLSearchParams | FormData | Iterable<readonly [string, string] | readonly string[]> | Record<string, string>);
	readonly size: number;
	append(name: string, value: string): void;
	delete(name: string, value?: string): void;
	get(name: string): string | null;
	getAll(name: string): string[];
	has(name: string, value?: string): boolean;
	set(name: string, value: string): void;
	sort(): void;
	toString(): string;
	entries(): IterableIterator<[string, string]>;
	forEach(callback: (value: string, name: string, params: URLSearchParams) => void, thisArg?: unknown): void;
	keys(): IterableIterator<string>;
	values(): IterableIterator<string>;
	[Symbol.iterator](): IterableIterator<[string, string]>;
}

// ---- Files and forms --------------------------------------------------------------------

type BlobPart = string | BufferSource | Blob;

interface BlobPropertyBag {
	type?: string;
	endings?: "transparent" | "native";
}

interface FilePropertyBag extends BlobPropertyBag {
	/** Milliseconds since 1970. */
	lastModified?: number;
}

/** Bytes with a media type. */
declare class Blob {
	constructor(parts?: Iterable<BlobPart>, options?: BlobPropertyBag);
	readonly size: number;
	readonly type: string;
	arrayBuffer(): Promise<ArrayBuffer>;
	bytes(): Promise<Uint8Array>;
	slice(start?: number, end?: number, type?: string): Blob;
	/** @deprecated Throws: streams are not supported yet. */
	stream(): never;
	text(): Promise<string>;
}

/** A Blob with a name. */
declare class File extends Blob {
	constructor(parts: Iterable<BlobPart>, name: string, options?: FilePropertyBag);
	readonly lastModified: number;
	readonly name: string;
}

type FormDataEntryValue = string | File;

/** The fields of a form. */
declare class FormData {
	constructor();
	append(name: string, value: string | Blob, filename?: string): void;
	delete(name: string): void;
	get(name: string): FormDataEntryValue | null;
	getAll(name: string): FormDataEntryValue[];
	has(name: string): boolean;
	set(name: string, value: string | Blob, filename?: string): void;
	entries(): IterableIterator<[string, FormDataEntryValue]>;
	forEach(callback: (value: FormDataEntryValue, name: string, form: FormData) => void, thisArg?: unknown): void;
	keys(): IterableIterator<string>;
	values(): IterableIterator<FormDataEntryValue>;
	[Symbol.iterator](): IterableIterator<[string, FormDataEntryValue]>;
}

// ---- Encoding ---------------------------------------------------------------------------

/** Text to UTF-8. */
declare class TextEncoder {
	constructor();
	readonly encoding: "utf-8";
	encode(text?: string): Uint8Array;
	encodeInto(text: string, into: Uint8Array): { read: number; written: number };
}

interface TextDecoderOptions {
	fatal?: boolean;
	ignoreBOM?: boolean;
}

/** Bytes to text, for the encodings of the Encoding standard. */
declare class TextDecoder {
	constructor(label?: string, options?: TextDecoderOptions);
	readonly encoding: string;
	readonly fatal: boolean;
	readonly ignoreBOM: boolean;
	decode(input?: BufferSource, options?: { stream?: boolean }): string;
}

/** Base64 to a text of one character per byte. */
declare function atob(data: string): string;
/** A text of one character per byte to base64. */
declare function btoa(data: string): string;

// ---- Events and aborting ----------------------------------------------------------------

interface EventInit {
	bubbles?: boolean;
	cancelable?: boolean;
	composed?: boolean;
}

declare class Event {
	constructor(type: string, init?: EventInit);
	static readonly NONE: 0;
	static readonly CAPTURING_PHASE: 1;
	static readonly AT_TARGET: 2;
	static readonly BUBBLING_PHASE: 3;
	readonly NONE: 0;
	readonly CAPTURING_PHASE: 1;
	readonly AT_TARGET: 2;
	readonly BUBBLING_PHASE: 3;
	readonly bubbles: boolean;
	cancelBubble: boolean;
	readonly cancelable: boolean;
	readonly composed: boolean;
	readonly currentTarget: EventTarget | null;
	readonly defaultPrevented: boolean;
	readonly eventPhase: number;
	readonly isTrusted: boolean;
	returnValue: boolean;
	readonly srcElement: EventTarget | null;
	readonly target: EventTarget | null;
	readonly timeStamp: number;
	readonly type: string;
	composedPath(): EventTarget[];
	preventDefault(): void;
	stopImmediatePropagation(): void;
	stopPropagation(): void;
}

interface CustomEventInit<T = any> extends EventInit {
	detail?: T;
}

declare class CustomEvent<T = any> extends Event {
	constructor(type: string, init?: CustomEventInit<T>);
	readonly detail: T;
}

type EventListener = ((event: any) => void) | { handleEvent(event: any): void };

interface EventListenerOptions {
	capture?: boolean;
}

interface AddEventListenerOptions extends EventListenerOptions {
	once?: boolean;
	passive?: boolean;
	signal?: AbortSignal;
}

declare class EventTarget {
	constructor();
	addEventListener(type: string, listener: EventListener | null, options?: boolean | AddEventListenerOptions): void;
	dispatchEvent(event: Event): boolean;
	removeEventListener(type: string, listener: EventListener | null, options?: boolean | EventListenerOptions): void;
}

/** Aborts what was given its signal. */
declare class AbortController {
	constructor();
	readonly signal: AbortSignal;
	abort(reason?: any): void;
}

declare class AbortSignal extends EventTarget {
	private constructor();
	static abort(reason?: any): AbortSignal;
	/** Aborts as soon as one of the signals does. */
	static any(signals: Iterable<AbortSignal>): AbortSignal;
	/** Aborts with a TimeoutError after so many milliseconds. */
	static timeout(milliseconds: number): AbortSignal;
	readonly aborted: boolean;
	onabort: ((this: AbortSignal, event: Event) => any) | null;
	readonly reason: any;
	throwIfAborted(): void;
}

declare class DOMException extends Error {
	constructor(message?: string, name?: string);
	static readonly INDEX_SIZE_ERR: 1;
	static readonly DOMSTRING_SIZE_ERR: 2;
	static readonly HIERARCHY_REQUEST_ERR: 3;
	static readonly WRONG_DOCUMENT_ERR: 4;
	static readonly INVALID_CHARACTER_ERR: 5;
	static readonly NO_DATA_ALLOWED_ERR: 6;
	static readonly NO_MODIFICATION_ALLOWED_ERR: 7;
	static readonly NOT_FOUND_ERR: 8;
	static readonly NOT_SUPPORTED_ERR: 9;
	static readonly INUSE_ATTRIBUTE_ERR: 10;
	static readonly INVALID_STATE_ERR: 11;
	static readonly SYNTAX_ERR: 12;
	static readonly INVALID_MODIFICATION_ERR: 13;
	static readonly NAMESPACE_ERR: 14;
	static readonly INVALID_ACCESS_ERR: 15;
	static readonly VALIDATION_ERR: 16;
	static readonly TYPE_MISMATCH_ERR: 17;
	static readonly SECURITY_ERR: 18;
	static readonly NETWORK_ERR: 19;
	static readonly ABORT_ERR: 20;
	static readonly URL_MISMATCH_ERR: 21;
	static readonly QUOTA_EXCEEDED_ERR: 22;
	static readonly TIMEOUT_ERR: 23;
	static readonly INVALID_NODE_TYPE_ERR: 24;
	static readonly DATA_CLONE_ERR: 25;
	readonly INDEX_SIZE_ERR: 1;
	readonly DOMSTRING_SIZE_ERR: 2;
	readonly HIERARCHY_REQUEST_ERR: 3;
	readonly WRONG_DOCUMENT_ERR: 4;
	readonly INVALID_CHARACTER_ERR: 5;
	readonly NO_DATA_ALLOWED_ERR: 6;
	readonly NO_MODIFICATION_ALLOWED_ERR: 7;
	readonly NOT_FOUND_ERR: 8;
	readonly NOT_SUPPORTED_ERR: 9;
	readonly INUSE_ATTRIBUTE_ERR: 10;
	readonly INVALID_STATE_ERR: 11;
	readonly SYNTAX_ERR: 12;
	readonly INVALID_MODIFICATION_ERR: 13;
	readonly NAMESPACE_ERR: 14;
	readonly INVALID_ACCESS_ERR: 15;
	readonly VALIDATION_ERR: 16;
	readonly TYPE_MISMATCH_ERR: 17;
	readonly SECURITY_ERR: 18;
	readonly NETWORK_ERR: 19;
	readonly ABORT_ERR: 20;
	readonly URL_MISMATCH_ERR: 21;
	readonly QUOTA_EXCEEDED_ERR: 22;
	readonly TIMEOUT_ERR: 23;
	readonly INVALID_NODE_TYPE_ERR: 24;
	readonly DATA_CLONE_ERR: 25;
	readonly code: number;
	readonly message: string;
	readonly name: string;
}

// ---- Cloning, random values, time -------------------------------------------------------

/** A deep copy, nested at most 500 deep: plain data, Map, Set, Date, RegExp, Error, buffers, Blob, cycles. */
declare function structuredClone<T>(value: T, options?: { transfer?: ArrayBuffer[] }): T;

declare class Crypto {
	private constructor();
	/** Fills an integer array of at most 65,536 bytes. */
	getRandomValues<T extends ArrayBufferView>(array: T): T;
	randomUUID(): string;
}

declare class Performance {
	private constructor();
	readonly timeOrigin: number;
	/** Milliseconds since the run began. */
	now(): number;
	toJSON(): { timeOrigin: number };
}

declare class Navigator {
	private constructor();
	readonly userAgent: "PiCloud";
}

declare const crypto: Crypto;
declare const performance: Performance;
declare const navigator: Navigator;
declare const self: typeof globalThis;

// ---- Timers and the console -------------------------------------------------------------

declare function setTimeout<A extends unknown[]>(run: (...args: A) => void, milliseconds?: number, ...args: A): number;
declare function setInterval<A extends unknown[]>(run: (...args: A) => void, milliseconds?: number, ...args: A): number;
declare function clearTimeout(id?: number): void;
declare function clearInterval(id?: number): void;
declare function queueMicrotask(run: () => void): void;

/** Writes lines into the log of the run. */
interface Console {
	assert(condition?: unknown, ...data: unknown[]): void;
	clear(): void;
	count(label?: string): void;
	countReset(label?: string): void;
	debug(...data: unknown[]): void;
	dir(item?: unknown, options?: unknown): void;
	dirxml(...data: unknown[]): void;
	error(...data: unknown[]): void;
	group(...data: unknown[]): void;
	groupCollapsed(...data: unknown[]): void;
	groupEnd(): void;
	info(...data: unknown[]): void;
	log(...data: unknown[]): void;
	table(data?: unknown, columns?: string[]): void;
	time(label?: string): void;
	timeEnd(label?: string): void;
	timeLog(label?: string, ...data: unknown[]): void;
	trace(...data: unknown[]): void;
	warn(...data: unknown[]): void;
}

declare const console: Console;
