test("relations associate to the left", () => {
  const a = 1, b = 2, c = 3, f = (x) => x, o = { f, n: 2 };
  let i = 2;
  const tag = () => 2;
  same([a<b<c, c>b>a, 3 >= 2 >= 1, 1 <= 0 <= 0, a < b < c < 2], [true, false, true, true, true]);
  same([a < b > c, 0 < a instanceof Object, a in [0] in { false: 1 }], [false, false, true]);
  same([a < f(b) < c, a < o.f(2) < c, a < o["n"] < c, a < -b < c, a < !b < c], [true, true, true, true, true]);
  same([c > i++ > a, c > (b || a) > a, c > (0, b) > a, c > tag`x` > a], [false, false, false, false]);
});
test("parentheses are kept", () => {
  const a = 1, b = 2, c = 3, f = (x) => x;
  let i = 2;
  const tag = () => 2;
  same([3 > (2 > 1), 3 > (b > a), 3 > ( (b) > a ), c > (f(b) > a), c > (i++ > a), c > (tag`x` > a)], [true, true, true, true, true, true]);
  same([c > (b > a) > 1, c > (-b < a), (c > b) > a, c > ((b || a) > a)], [false, true, false, true]);
  same(0 in (0 in [5] ? [1] : []), true);
});
test("relations in loops", () => {
  const seen = [];
  for (const key in 1 < 2 < 3 ? { x: 1 } : { y: 1 }) seen.push(key);
  for (let i = 0; 0 <= i < 2 && i < 2; i++) seen.push(i);
  same(seen, ["x", 0, 1]);
});
