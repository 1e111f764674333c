import { total, written } from "app:pricing@1";
import { rates } from "app:tax";

export default () => ({ tea: written(total([{ name: "tea", cents: 450, count: 1 }])), rates });
