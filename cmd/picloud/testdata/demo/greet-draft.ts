import { log } from "picloud";

const rates: Record<string, number> = { eur: 1, usd: 1.08, chf: 0.94 };

// Says hello and tells the price in the caller's money.
export default async function (request: Request) {
  const query = new URL(request.url).searchParams;
  const name = query.get("name") ?? "world";
  const money = query.get("in") ?? "eur";

  log.info("greeting", { name });
  if (!(money in rates)) {
    log.warn("no rate for this money", { money });
    return Response.json({ error: "unknown money", money }, { status: 404 });
  }
  await new Promise<void>((done) => setTimeout(done, 20)); // the bank thinks
  const price = Math.round(42 * rates[money] * 100) / 100;
  log.debug("price", { price, money });
  return Response.json({ hello: name, price, money }, { headers: { "cache-control": "max-age=60" } });
}
