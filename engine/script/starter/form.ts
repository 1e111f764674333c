import { log } from "picloud";

// A page with a form: GET shows it, POST takes what was filled in.
export default async function (request: Request): Promise<Response> {
  if (request.method !== "POST") {
    return page(form());
  }
  const sent = await request.formData().catch(() => new FormData());
  const name = String(sent.get("name") ?? "").trim();
  if (!name) {
    return page(form("Please tell your name."), 422);
  }
  log.info("somebody filled in the form", { name });
  return page(`<p>Hello, ${text(name)}!</p>\n<p><a href="?">Once more</a></p>`);
}

function form(fault = ""): string {
  return `<form method="post">
  <p><label>Your name <input name="name" required autofocus></label></p>
  <p role="alert">${text(fault)}</p>
  <p><button>Say hello</button></p>
</form>`;
}

function page(content: string, status = 200): Response {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hello</title>
<style>body { font: 1rem/1.5 system-ui; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }</style>
${content}
</html>
`;
  return new Response(html, { status, headers: { "content-type": "text/html; charset=utf-8" } });
}

// text makes anything safe to stand in a page: what people typed must not become tags.
function text(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
