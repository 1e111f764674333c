import { log } from "picloud";

type Order = { item: string; count: number };

// Takes an order and gives it a number.
export default async function (request: Request) {
  if (request.method !== "POST") {
    return new Response("Send an order by POST.\n", { status: 405, headers: { allow: "POST" } });
  }
  let order: Order;
  try {
    order = await request.json() as Order;
  } catch (cause) {
    log.error("no order", { cause });
    return Response.json({ error: "the body is not JSON" }, { status: 400 });
  }
  if (!(order.count > 0)) {
    log.warn("nothing is ordered", { item: order.item });
    return Response.json({ error: "count must be above 0" }, { status: 422 });
  }
  const number = crypto.randomUUID();
  log.info("order taken", { item: order.item, count: order.count });
  await new Promise<void>((done) => setTimeout(done, 20)); // the shelf is counted
  log.debug("order number", { number });
  return Response.json({ number, ...order }, { status: 201 });
}
