package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/pprof/profile"
)

// typical are functions as people write them, each with a request for it; the compiler
// is told by their profile what a call executes most.
var typical = []struct{ name, source, method, path, body string }{
	{"hello", helloSource, "GET", "", ""},
	{"greet", `import { log } from "picloud";

export default function (request: Request) {
  const url = new URL(request.url);
  const name = url.searchParams.get("name") ?? "world";
  log.info("greeting", { name, agent: request.headers.get("user-agent") });
  return new Response("Hello " + name + "!", { headers: { "x-greeted": name } });
}
`, "GET", "?name=Ada&lang=en", ""},
	{"order", `export default {
  async fetch(request: Request) {
    const order = await request.json() as { items: { price: number; count: number }[] };
    const total = order.items.filter((i) => i.count > 0).map((i) => i.price * i.count).reduce((a, b) => a + b, 0);
    return Response.json({ total, items: order.items.length, at: new Date().toISOString() }, { status: 201 });
  },
};
`, "POST", "/new", `{"items":[{"price":12.5,"count":2},{"price":3,"count":0},{"price":99.99,"count":1}],"note":"quick"}`},
}

const profileTime = 12 * time.Second // of each function

// writeProfile loads typical functions one after the other and writes what the worker's
// processors did meanwhile, for go build -pgo.
func writeProfile(binary, file string) error {
	p, err := start(binary)
	if err != nil {
		return err
	}
	defer p.stop()
	for _, f := range typical {
		if err := p.publish(f.name, f.source); err != nil {
			return err
		}
	}
	written := make(chan error, 1)
	go func() { written <- p.profile(file, time.Duration(len(typical))*profileTime) }()
	for _, f := range typical {
		request := f.method + " /fn/" + appSlug + "/" + f.name + f.path + " HTTP/1.1\r\nHost: " + p.address +
			"\r\nUser-Agent: bench\r\nAccept: */*\r\nContent-Length: " + strconv.Itoa(len(f.body)) + "\r\n\r\n" + f.body
		if _, err := (load{address: p.address, connections: 32}).send(profileTime, []byte(request)); err != nil {
			return errors.Join(err, <-written)
		}
	}
	return <-written
}

// profile asks the worker, on its private socket, for its processor profile.
func (p *product) profile(file string, length time.Duration) error {
	sockets, err := filepath.Glob(filepath.Join(p.dataDir, "run", "worker-*.sock"))
	if err != nil || len(sockets) != 1 {
		return fmt.Errorf("%d workers: %w", len(sockets), err)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", sockets[0])
	}}}
	answer, err := client.Get(fmt.Sprintf("http://worker/debug/pprof/profile?seconds=%.0f", length.Seconds()))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	measured, err := profile.Parse(answer.Body)
	if err != nil {
		return err
	}
	for _, mapping := range measured.Mapping { // where the binary was is nobody's business
		mapping.File, mapping.BuildID = "", ""
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(measured.Compact().Write(out), out.Close())
}
