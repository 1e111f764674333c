package egress

import (
	"context"
	"net/http"
	"net/url"
)

// proxyAnswered looks at what the proxy says to a tunnel.
func proxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return fail(Proxy, "the proxy on the way to %s does not let the request through", nil)
	}
	return nil
}
