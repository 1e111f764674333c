import { log } from "picloud";

const rates: Record<string, number> = { eur: 1, usd: 1.08 };

// Says hello and tells the price in the caller's money.
export default function (request: Request) {
  const query = new URL(request.url).searchParams;
  const name = query.get("name") ?? "world";
  const rate = rates[query.get("in") ?? "eur"];

  log.info("greeting", { name });
  return { hello: name, price: 42 * rate };
}
