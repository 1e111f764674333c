// Packs the orders of a year.
export default () => {
  const kept: string[] = [];
  for (let day = 0; ; day++) {
    kept.push("x".repeat(12_000_000 + day));
  }
};
