import { log } from "picloud";

// Keeps a connection open until there is news.
export default async (_request: Request, _env: unknown, ctx: { signal: AbortSignal }) => {
  log.info("waiting for news");
  await new Promise((_, end) => ctx.signal.addEventListener("abort", () => end(ctx.signal.reason)));
};
