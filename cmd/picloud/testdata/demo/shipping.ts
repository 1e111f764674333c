import { withTax } from "app:tax";

/** What sending a parcel of some grams costs, in cents. */
export function shipping(grams: number): number {
  return withTax(grams > 5000 ? 1200 : 550);
}
