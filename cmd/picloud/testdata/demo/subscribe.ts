import { log } from "picloud";

// Keeps a connection open until there is news.
export default async () => {
  log.info("waiting for news");
  await new Promise((done) => setTimeout(done, 25_000));
  return "nothing new";
};
