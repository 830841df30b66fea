package cifar

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"cnnvk/internal/files"
)

// checkURL refuses all but http and https addresses. For a file on this machine there is another flag.
func (s Source) checkURL() error {
	u, err := url.Parse(s.URL)
	if err == nil && isWeb(u) {
		return nil
	}
	hint, path := "--url https://...", s.URL
	if err == nil && u.Scheme == "file" {
		path = u.Path
	}
	if _, err := os.Stat(path); err == nil {
		hint = "cnnvk data download --from " + files.Quote(path)
	}
	return s.failure(nil, hint, "not an http or https address")
}

func isWeb(u *url.URL) bool { return (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" }

// maxRedirects is how many redirects are followed, as many as Go's client follows.
const maxRedirects = 10

// get asks for what is missing of the archive, and follows redirects. heard is called for every answer.
func (t *transfer) get(ctx context.Context, heard func()) (*http.Response, error) {
	address, asked := t.URL, map[string]bool{}
	for {
		req, err := t.request(ctx, address)
		if err != nil {
			return nil, t.failure(err, "--url https://...", "%v", err)
		}
		asked[address] = true
		res, err := t.transport.RoundTrip(req)
		if err != nil {
			return nil, t.unreachable(err, t.heard, t.have)
		}
		t.heard = true
		heard()
		if !isRedirect(res.StatusCode) || res.Header.Get("Location") == "" {
			return res, nil
		}
		res.Body.Close()
		next, err := res.Location()
		switch {
		case err != nil:
			return nil, t.failure(err, hintMirror, "the server redirects to what is no address: %s", shortened(res.Header.Get("Location")))
		case !isWeb(next):
			return nil, t.failure(nil, hintMirror, "the server redirects to %s, which is not an http or https address", brief(next))
		case asked[next.String()]:
			return nil, t.failure(nil, hintMirror, "the server redirects in a circle, to %s again", brief(next))
		case len(asked) > maxRedirects:
			return nil, t.failure(nil, hintMirror, "the server redirects more than %d times, at last to %s", maxRedirects, brief(next))
		}
		address = next.String()
	}
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

func (t *transfer) request(ctx context.Context, address string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if user := req.URL.User; user != nil {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
	}
	req.Header.Set("User-Agent", "cnnvk")
	req.Header.Set("Accept-Encoding", "identity") // else the transport may unpack what is counted packed
	if t.have > 0 && !t.whole {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", t.have))
	}
	return req, nil
}

// newTransport is Go's default one, proxies from the environment included, with connections of its own
// that can be closed when all is done, and with a proxy's refusal told apart. Redirects are not its
// matter: get follows them.
func newTransport() *http.Transport {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		standard = &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	transport := standard.Clone()
	transport.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
		if res.StatusCode != http.StatusOK {
			return &proxyRefusal{res.Status}
		}
		return nil
	}
	return transport
}
