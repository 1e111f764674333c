import { log } from "picloud";

type Price = { cents: number };

const prices = new Map<string, Price>([["tea", { cents: 450 }], ["coffee", { cents: 690 }]]);

function priceOf(item: string): Price {
  log.debug("looking up", { item });
  const found = prices.get(item) as Price;
  return { cents: found.cents * 2 };
}

// The prices of the shop, doubled on Sundays.
export default function (request: Request) {
  const item = new URL(request.url).searchParams.get("item") ?? "tea";
  const price = priceOf(item);
  return { item, euro: price.cents / 100 };
}
