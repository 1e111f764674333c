// Reads a table. The answer is not one yet.
export default () => Symbol("rows");
