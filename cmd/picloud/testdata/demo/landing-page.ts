// The page that visitors see first.
export default function () {
  return new Response(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Tea and more</title>
<style>
  body { font: 16px/1.6 system-ui; margin: 3rem auto; max-width: 30rem; padding: 0 1rem; color-scheme: light dark; }
  h1 { font-size: 1.6rem; }
</style>
<h1>Tea and more</h1>
<p>Open every day until six. Order before noon and it is with you tomorrow.</p>
</html>`, { headers: { "content-type": "text/html; charset=utf-8" } });
}
