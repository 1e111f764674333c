import { log } from "picloud";

// Adds up the day. Its source is slow at night.
export default async function () {
  log.info("asking the warehouse");
  await new Promise((done) => setTimeout(done, 60_000));
  return "done";
}
