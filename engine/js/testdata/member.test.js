test("exec is called as it is written", () => {
  const digits = /\d(?<last>\d)/g;
  same([digits.exec("12 34")[0], digits.lastIndex, digits.exec("12 34").groups.last, digits.exec("12 34")], ["12", 2, "4", null]);
  const o = { exec(...list) { return [this === o, ...list]; }, get deep() { return this; } };
  same([o.exec(1, 2), o.deep.exec(...[3], 4), o?.exec(5), o.none?.exec(6), o.exec?.(7)], [[true, 1, 2], [true, 3, 4], [true, 5], undefined, [true, 7]]);
  class Mine extends RegExp { exec(text) { return super.exec(text)?.index; } }
  same(new Mine("b").exec("ab"), 1);
  same(/b/["exec"]("ab").index, 1);
  throws(() => undefined.exec("x"), "TypeError", "of undefined");
  throws(() => ({}).exec("x"), "TypeError", "no method");
  throws(() => /x/.exec(Symbol()), "TypeError", "symbol");
  const before = RegExp.prototype.exec;
  RegExp.prototype.exec = function () { return ["mine", this.source]; };
  same(/q/.exec("x"), ["mine", "q"]);
  RegExp.prototype.exec = before;
  same([1, 2].map((n) => /\d/.exec(n)[0]), ["1", "2"]);
});
test("a property called stack is what it was", () => {
  const o = { stack: [1, 2] };
  o.stack.push(3);
  o.stack[0] = 0;
  let taken = o.stack;
  [o.stack] = [o.stack.concat(4)];
  ({ a: o.more, b: o.stack = taken } = { a: o.stack });
  same([o.stack, o.more, o?.stack, o.none?.stack, `${o.stack}`, [o.stack][0] === taken], [[0, 2, 3], [0, 2, 3, 4], [0, 2, 3], undefined, "0,2,3", true]);
  o.stack = 1;
  o.stack++;
  o.stack += 2;
  same([o.stack, typeof o.stack, delete o.stack, "stack" in o], [4, "number", true, false]);
  for (o.stack of [7]) same(o.stack, 7);
  o.stack = (a) => a * 2;
  same([o.stack(2), new (class { stack = 5; get() { return this.stack; } })().get()], [4, 5]);
  check(new Error("x").stack.startsWith("Error: x\n\tat "), "nobody tells the places");
});
