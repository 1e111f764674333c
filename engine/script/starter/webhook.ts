import { log } from "picloud";

// Takes webhooks: another service calls this URL when something happens there. Have it send
// this secret in the header "x-webhook-secret". It was made for this script alone; whoever may
// read the source knows it. Signatures (HMAC) cannot be checked yet: crypto.subtle is not there.
const secret = "SECRET";

export default async function (request: Request, _env: unknown, ctx: Context): Promise<Response> {
  if (request.method !== "POST") {
    return new Response("Send a POST.\n", { status: 405, headers: { allow: "POST" } });
  }
  if (!same(request.headers.get("x-webhook-secret") ?? "", secret)) {
    log.warn("a call without the secret");
    return new Response("The secret is missing or wrong.\n", { status: 401 });
  }
  const event = await request.json().catch(() => undefined);
  if (event === undefined) {
    return new Response("The body is not JSON.\n", { status: 400 });
  }
  // The sender waits for the answer, so it goes out first and the work comes after it.
  ctx.waitUntil(handle(event));
  return new Response("Thank you.\n", { status: 202 });
}

async function handle(event: unknown): Promise<void> {
  log.info("an event came in", { event: JSON.stringify(event).slice(0, 500) });
}

// same takes as long for a wrong text as for the right one, so that nobody finds out the
// secret letter by letter.
function same(given: string, wanted: string): boolean {
  let different = given.length ^ wanted.length;
  for (let i = 0; i < wanted.length; i++) {
    different |= given.charCodeAt(i) ^ wanted.charCodeAt(i);
  }
  return different === 0;
}
