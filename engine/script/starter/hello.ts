// Your first function. Everything below its URL, which stands above this text, arrives here;
// open it with ?name=Ada at its end to be greeted by name.
//
// Change it, run the draft, and publish it when you like what you see.
import { log } from "picloud";

interface Greeting {
  message: string;
  at: string;
}

export default function (request: Request): Greeting | string {
  const url = new URL(request.url);
  const name = url.searchParams.get("name")?.trim() || "world";

  // Log lines belong to this run and can be watched live.
  log.info("saying hello", { name, path: url.pathname });

  // A string is answered as text, an object as JSON. Return a Response to
  // choose the status, the headers and the body yourself.
  const accept = request.headers.get("accept") ?? "";
  if (accept.includes("text/plain")) {
    return `Hello, ${name}!\n`;
  }
  return { message: `Hello, ${name}!`, at: new Date().toISOString() };
}
