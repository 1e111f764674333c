import { log } from "picloud";

// Says hello and tells the price.
export default function (request: Request) {
  const name = new URL(request.url).searchParams.get("name") ?? "world";
  log.info("greeting", { name });
  return { hello: name, price: 42 };
}
