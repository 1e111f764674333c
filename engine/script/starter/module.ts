// A module: other functions of this app use what it exports, for instance
//   import { greeting } from "app:this-name";
/** A friendly first line for somebody. */
export function greeting(name: string): string {
  return `Hello, ${name}!`;
}
