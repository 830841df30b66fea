package cifar

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"cnnvk/internal/filetype"
	"cnnvk/internal/hints"
)

// errNoNetwork is wrapped by a DownloadError whose address was never reached in that call, or stayed silent.
var errNoNetwork = errors.New("no network")

// DownloadError says why the archive could not be fetched, or why what came is not it, in one line. What the user can do about it is told by hints.Of.
type DownloadError struct {
	URL     string // without a password
	Problem string
	Kept    int64 // bytes of the archive that lie ready for the next call
	Err     error // the cause, or nil; Problem has its words
	again   bool  // another attempt may do better
}

// Error names the address and the problem.
func (e *DownloadError) Error() string { return "cifar: downloading " + e.URL + ": " + e.Problem }

// Unwrap returns Err, so that errors.Is(err, context.Canceled) works.
func (e *DownloadError) Unwrap() error { return e.Err }

const (
	hintResume  = "the same command again goes on from there"
	hintMirror  = "cnnvk data download --url URL takes the same file from another address"
	hintLogin   = "the network wants a login, perhaps: log in with a browser, and then the same command again; or " + hintMirror
	hintNetwork = "look at the network and HTTPS_PROXY, or fetch the file elsewhere: cnnvk data download --from FILE"
)

// stopped is the end of a download that was asked to end.
func (s Source) stopped(ctx context.Context, have int64) error {
	return s.failure(ctx.Err(), hintResume, "stopped at %s", share(have, s.Bytes))
}

// silent is an address that sent nothing for a while: no network if it never spoke, else a cut.
func (s Source) silent(heard bool, have int64) error {
	nothing := fmt.Errorf("nothing came for %v", s.silence().Round(time.Millisecond))
	if heard {
		return s.cut(nothing, have)
	}
	return s.failure(fmt.Errorf("%w: %w", errNoNetwork, nothing), hintNetwork, "no network: %v", nothing)
}

// unreachable is the error of a request without an answer. heard says that an earlier request had one:
// then the network was only away for a moment.
func (s Source) unreachable(err error, heard bool, have int64) error {
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &untrusted) {
		return s.failure(err, "install the package ca-certificates and look at the clock, or "+hintMirror, "%v", err)
	}
	if errors.Is(err, http.ErrSchemeMismatch) {
		return s.failure(err, "--url http://...", "%v", err)
	}
	var dial *net.OpError
	var refused *proxyRefusal
	unreached := errors.As(err, &dial) && (dial.Op == "dial" || dial.Op == "proxyconnect") || errors.As(err, &refused)
	if unreached && !heard {
		return s.failure(fmt.Errorf("%w: %w", errNoNetwork, err), hintNetwork, "no network: %v", err)
	}
	return s.cut(err, have)
}

// cut is a connection that ended early.
func (s Source) cut(cause error, have int64) error {
	return s.passing(cause, hintResume, "the connection was cut at %s: %v", share(have, s.Bytes), cause)
}

// proxyRefusal is a proxy that does not let the request through.
type proxyRefusal struct{ status string }

func (e *proxyRefusal) Error() string { return "the proxy answers " + e.status }

// refusal is an answer that is not the file. A server's own trouble (5xx) may pass.
func (s Source) refusal(res *http.Response) error {
	fail, hint := s.failure, hintMirror
	switch code := res.StatusCode; {
	case code == http.StatusNetworkAuthenticationRequired:
		hint = hintLogin
	case code == http.StatusProxyAuthRequired:
		hint = "the proxy wants a login: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT, and HTTP_PROXY alike"
	case code >= 500, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout:
		fail = s.passing
	}
	return fail(nil, hint, "the server answers %s", res.Status)
}

// notArchive is an answer with a success status that is not the file.
func (s Source) notArchive(res *http.Response, kind filetype.Kind, name string) error {
	if name == "" {
		name = "no gzip file"
	}
	from := ""
	if at := res.Request.URL; at.String() != s.URL {
		from = " (from " + brief(at) + ")"
	}
	hint := hintMirror
	if kind == filetype.HTML {
		hint = hintLogin
	}
	return s.failure(nil, hint, "the answer is %s, not the archive%s", name, from)
}

func (s Source) failure(cause error, hint, format string, args ...any) error {
	return hints.With(s.problem(cause, format, args...), hint)
}

// passing is a failure that another attempt may get past.
func (s Source) passing(cause error, hint, format string, args ...any) error {
	e := s.problem(cause, format, args...)
	e.again = true
	return hints.With(e, hint)
}

func (s Source) problem(cause error, format string, args ...any) *DownloadError {
	return &DownloadError{URL: withoutPassword(s.URL), Problem: fmt.Sprintf(format, args...), Err: cause}
}

func withoutPassword(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Redacted()
	}
	return address
}

func share(have, total int64) string {
	return fmt.Sprintf("%.1f of %.1f MB", float64(have)/1e6, float64(total)/1e6)
}

// brief is an address without password and query, for a message.
func brief(u *url.URL) string {
	const limit = 100
	text := (&url.URL{Scheme: u.Scheme, Opaque: u.Opaque, Host: u.Host, Path: u.Path}).String()
	if len(text) > limit {
		text = text[:limit] + "..."
	}
	return text
}
