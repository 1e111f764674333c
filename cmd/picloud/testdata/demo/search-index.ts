// Looks where nothing is, for a long time.
export default () => {
  const name = ["ind", "exOf"].join("");
  return (Array.prototype as any)[name].call({ length: 2 ** 53 - 1 }, 1);
};
