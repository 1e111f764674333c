// Packs the orders of a year.
export default async () => {
  const kept: number[][] = [];
  for (;;) {
    kept.push(new Array(10_000).fill(kept.length));
    if (kept.length % 100 === 0) await null;
  }
};
