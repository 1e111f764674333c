type Category = { name: string; parent?: Category };

const root: Category = { name: "all" };
root.parent = root;

const depth = (c: Category): number => c.parent ? depth(c.parent) + 1 : 0;

// How deep a category lies.
export default () => ({ depth: depth(root) });
