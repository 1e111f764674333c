import { total } from "app:pricing";
import { shipping } from "app:shipping";

export default () => ({ cents: total([{ name: "tea", cents: 450, count: 2 }]) + shipping(900) });
