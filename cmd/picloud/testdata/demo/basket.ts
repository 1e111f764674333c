import { total, written, type Item } from "app:pricing";

export default async function (request: Request) {
  const count = Number(new URL(request.url).searchParams.get("count") ?? 1);
  const items: Item[] = [{ name: "tea", cents: 450, count }];
  if (count < 1) throw new RangeError("an empty basket has no price");
  return { items, total: written(total(items)) };
}
