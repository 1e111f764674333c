// Says hello.
export default function (request: Request) {
  const name = new URL(request.url).searchParams.get("name") ?? "world";
  return { hello: name };
}
