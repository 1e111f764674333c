import { log } from "picloud";

// A JSON API. GET lists the items, GET with a number at the end of the URL gives one, POST
// takes a new one. Nothing is kept yet: each call begins with the list below.

const items = [
  { id: 1, name: "Tea", price: 4.5 },
  { id: 2, name: "Coffee", price: 6 },
];

export default async function (request) {
  const id = /\/(\d+)$/.exec(new URL(request.url).pathname)?.[1];

  if (request.method === "GET" && id) {
    const item = items.find((item) => item.id === Number(id));
    return item ? Response.json(item) : problem(404, `There is no item ${id}.`);
  }
  if (request.method === "GET") {
    return Response.json({ items });
  }
  if (request.method === "POST" && !id) {
    const sent = await request.json().catch(() => null);
    if (typeof sent?.name !== "string" || typeof sent.price !== "number") {
      return problem(422, 'Send {"name": text, "price": number} as JSON.');
    }
    const item = { id: items.length + 1, name: sent.name, price: sent.price };
    log.info("a new item", { name: item.name, price: item.price });
    return Response.json(item, { status: 201 });
  }
  return problem(405, `${request.method} is not possible here.`, { allow: id ? "GET" : "GET, POST" });
}

// problem is an answer that programs and people can read.
function problem(status, message, headers = {}) {
  return Response.json({ error: message }, { status, headers });
}
