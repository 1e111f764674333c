import { withTax, type Country } from "app:tax";

/** One line of a basket. */
export interface Item {
  name: string;
  cents: number;
  count: number;
}

/** What a basket costs, in cents. */
export function total(items: Item[], country?: Country): number {
  return withTax(items.reduce((sum, item) => sum + item.cents * item.count, 0), country);
}

/** Cents as people write them: "12.50". */
export const written = (cents: number) => (cents / 100).toFixed(2);
