import { withTax, type Country } from "app:tax";

/** One line of a basket. */
export interface Item {
  name: string;
  cents: number;
  count: number;
}

/** What a basket costs, in cents. From ten of a kind on each is a tenth cheaper. */
export function total(items: Item[], country?: Country): number {
  const line = (item: Item) => item.cents * item.count * (item.count >= 10 ? 0.9 : 1);
  return withTax(items.reduce((sum, item) => sum + line(item), 0), country);
}

/** Cents as people write them: "12.50". */
export const written = (cents: number) => (cents / 100).toFixed(2);
