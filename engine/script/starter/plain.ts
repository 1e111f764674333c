import { log } from "picloud";

// This function answers every request to its URL.
export default async function (request: Request): Promise<Response> {
  const name = new URL(request.url).searchParams.get("name") ?? "world";
  log.info("saying hello", { name });
  return Response.json({ message: `Hello, ${name}!` });
}
