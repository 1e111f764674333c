// What a function sees beside the language itself (ES2023 as goja has it). Everything
// declared here exists, and nothing else does: a test compares. Line by line, one member
// a line, so that the editor's completion list can be read from it.

// ---- The function -----------------------------------------------------------------------

/** What a handler gets beside its request: who runs it, until when, and how to go on after the answer. */
interface Context {
	/** Identifies this run; the answer to its caller names it when something goes wrong. */
	readonly executionId: string;
	/** The run that started the chain this one belongs to. */
	readonly rootExecutionId: string;
	/** How many runs lie between this one and the root. */
	readonly depth: number;
	readonly app: { readonly id: string; readonly slug: string };
	readonly script: { readonly id: string; readonly name: string; readonly version: number };
	/** null: an anonymous caller. */
	readonly caller: { readonly kind: "user" | "key" | "script" | "system"; readonly id: string } | null;
	/** When the run is ended if it has not ended by itself. */
	readonly deadline: Date;
	/** Aborts shortly before the deadline. */
	readonly signal: AbortSignal;
	/** Keeps the run alive after the answer until the promise settles, within the time limit. */
	waitUntil(promise: Promise<unknown>): void;
	/** Does nothing; for code written for Cloudflare Workers. */
	passThroughOnException(): void;
}

/** What a function may answer with: a Response, a text, data that becomes JSON, or nothing (204). */
type Answer = Response | string | number | boolean | object | null | undefined | void;

/** What a function is configured with, on the page Variables of its app. It is frozen. */
interface Environment {
	readonly [name: string]: string;
}

/** Of Node.js there is the environment, for libraries that look there. */
declare const process: NodeProcess;

interface NodeProcess {
	readonly env: Environment;
}

/** The default export, when it is an object. A function alone stands for its fetch. */
interface Handler<Env = Environment> {
	fetch(request: Request, env: Env, ctx: Context): Answer | Promise<Answer>;
}

declare module "picloud" {
	type Field = null | boolean | number | string | Error | Field[] | { [name: string]: Field };
	type Fields = Record<string, Field>;
	interface Log {
		debug(message: unknown, fields?: Fields): void;
		info(message: unknown, fields?: Fields): void;
		warn(message: unknown, fields?: Fields): void;
		error(message: unknown, fields?: Fields): void;
		/** A log that puts the fields on every line. */
		with(fields: Fields): Log;
	}
	/** Writes lines into the log of the run. */
	const log: Log;
	/** Variables and secrets by name: what the handler gets as its second argument. */
	const env: Environment;
	interface Secrets {
		/** null: there is no secret of this name. */
		get(name: string): Promise<string | null>;
		/** Rejects where there is no secret of this name. */
		require(name: string): Promise<string>;
		has(name: string): boolean;
		names(): Promise<string[]>;
	}
	/** Secrets alone, of names that are known only when the function runs. */
	const secrets: Secrets;
}
