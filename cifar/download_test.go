package cifar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cnnvk/internal/hints"
)

const loginPage = "<!DOCTYPE html><html><body>Please sign in</body></html>"

const partName = archiveFolder + ".tar.gz.part"

func TestDownload(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	size, half := len(archive), len(archive)/2
	rest := fmt.Sprintf("bytes=%d-", half)
	for _, c := range []struct {
		why       string
		part      []byte // there before
		behaviour []http.HandlerFunc
		ranges    string
		sent      []int
	}{
		{"at once", nil, nil, "[]", []int{size}},
		{"without a length", nil, []http.HandlerFunc{chunked(archive)}, "[]", []int{size}},
		{"cut once", nil, []http.HandlerFunc{first(archive, half, cutOff), nil}, "[ " + rest + "]", []int{half, size - half}},
		{"resumed", archive[:half], nil, "[" + rest + "]", []int{size - half}},
		{"only unpacking was left", archive, nil, "[]", nil},
		{"part too long", append(bytes.Clone(archive), "more"...), nil, "[]", []int{size}},
		{"range ignored", archive[:half], []http.HandlerFunc{ignoringRange(archive)}, "[" + rest + "]", []int{size}},
		{"another range", archive[:half], []http.HandlerFunc{answerRange(fmt.Sprintf("bytes 0-%d/%d", size-1, size), archive), nil}, "[" + rest + " ]", nil},
		{"range without words", archive[:half], []http.HandlerFunc{answerRange("", archive[half:]), nil}, "[" + rest + " ]", nil},
		{"range refused", archive[:half], []http.HandlerFunc{status(416), nil}, "[" + rest + " ]", nil},
		{"server in trouble", nil, []http.HandlerFunc{status(500), status(503), nil}, "[  ]", nil},
		{"trouble after a cut", nil, []http.HandlerFunc{first(archive, half, cutOff), status(502), nil}, "[ " + rest + " " + rest + "]", nil},
		{"cut in ten", nil, []http.HandlerFunc{first(archive, size/10+1, cutOff)}, "", []int{size/10 + 1}},
	} {
		t.Run(c.why, func(t *testing.T) {
			cache := filepath.Join(t.TempDir(), "not", "yet", "there")
			if c.part != nil {
				write(t, filepath.Join(cache, partName), c.part)
			}
			srv, s := serve(t, archive, c.behaviour...), sourceOf(archive)
			s.URL = srv.URL
			dir, err := s.Download(context.Background(), cache, nil)
			if err != nil {
				t.Fatal(err)
			}
			checkUnpacked(t, dir)
			ranges, sent := srv.seen()
			if got := fmt.Sprint(ranges); c.ranges != "" && got != c.ranges && !(got == "[]" && len(ranges) == 0) {
				t.Errorf("ranges %s, want %s", got, c.ranges)
			}
			for i, want := range c.sent {
				if i >= len(sent) || sent[i] != want {
					t.Errorf("request %d: sent %v, want %v", i, sent, c.sent)
					break
				}
			}
			if c.why == "only unpacking was left" && len(ranges) > 0 {
				t.Errorf("%d requests", len(ranges))
			}

			// The second call finds it, and asks nobody.
			srv.Close()
			again, err := s.Download(context.Background(), cache, nil)
			if err != nil || again != dir {
				t.Errorf("second call: %s, %v", again, err)
			}
			if got, ok := s.Cached(cache); got != dir || !ok {
				t.Errorf("Cached: %s, %v", got, ok)
			}
		})
	}
}

func TestDownloadFails(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	size, half := len(archive), len(archive)/2
	other := bytes.Clone(archive)
	other[half+7] ^= 1
	for _, c := range []struct {
		why      string
		part     []byte
		behave   http.HandlerFunc
		says     string
		requests int
		left     int // bytes in the part file, 0 for none
	}{
		{"not found", nil, status(404), "the server answers 404 Not Found", 1, 0},
		{"not found, some is here", archive[:half], status(404), "404", 1, half},
		{"forbidden", nil, status(403), "403", 1, 0},
		{"server stays in trouble", archive[:half], status(503), "the server answers 503", attempts, half},
		{"short", nil, ignoringRange(archive[:size-1]), fmt.Sprintf("wrong length: %d bytes, must be %d", size-1, size), 1, 0},
		{"long", archive[:half], ignoringRange(append(bytes.Clone(archive), 0)), fmt.Sprintf("wrong length: %d bytes", size+1), 1, half},
		{"a page in its place", archive[:half], ignoringRange([]byte("<html>log in first</html>")), "the answer is a web page (HTML), not the archive", 1, half},
		{"a page of no length", archive[:half], chunked([]byte(loginPage)), "the answer is a web page (HTML), not the archive", 1, half},
		{"a page of no length, nothing here", nil, chunked([]byte(loginPage)), "the answer is a web page (HTML)", 1, 0},
		{"a page of the archive's length", archive[:half], ignoringRange(append([]byte(loginPage), bytes.Repeat([]byte(" "), size-len(loginPage))...)), "the answer is a web page (HTML)", 1, half},
		{"a page, zipped", archive[:half], chunked(zip(t, []byte(loginPage))), "the answer is a web page (HTML)", 1, half},
		{"a page as the range", archive[:half], answerRange(fmt.Sprintf("bytes %d-%d/%d", half, size-1, size), []byte(strings.Repeat(loginPage, 3))), "the answer is a web page (HTML)", 1, half},
		{"JSON", archive[:half], chunked([]byte(`{"error": "no such file"}`)), "the answer is a JSON file, not", 1, half},
		{"text", archive[:half], chunked([]byte("Not found")), `the answer is a text that begins with "Not found", not`, 1, half},
		{"two letters", archive[:half], chunked([]byte("no")), "not the archive", 1, half},
		{"a zip archive", archive[:half], chunked([]byte("PK\x03\x04" + strings.Repeat("x", 600))), "the answer is a zip archive, not", 1, half},
		{"the tar, unzipped on the way", archive[:half], chunked(tarOf(t, goodEntries())), "the answer is a tar archive, not", 1, half},
		{"other bytes", archive[:half], chunked(bytes.Repeat([]byte{0xa5, 0x17, 3}, 50)), "the answer is no gzip file, not", 1, half},
		{"nothing, no length told", archive[:half], chunked(nil), "the answer is empty", attempts, half},
		{"nothing", archive[:half], ignoringRange(nil), "wrong length: 0 bytes", 1, half},
		{"no content", archive[:half], func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }, "the server answers 204 No Content", 1, half},
		{"a byte of the archive, no range", archive[:half], aByte(archive), "the connection was cut", attempts, half},
		{"too much of the range", archive[:half], answerRange(fmt.Sprintf("bytes %d-%d/%d", half, size-1, size), archive[half-9:]), fmt.Sprintf("goes on after %d bytes", size), 1, half},
		{"another range for ever", archive[:half], answerRange(fmt.Sprintf("bytes 0-%d/%d", size-1, size), archive), "answers with the range", attempts, half},
		{"no such range, of another length", archive[:half], func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Range", "bytes */1000")
			w.WriteHeader(416)
		}, "wrong length: 1000 bytes", 1, half},
		{"a proxy wants a login", archive[:half], status(407), "the server answers 407 Proxy Authentication Required", 1, half},
		{"a network wants a login", archive[:half], status(511), "the server answers 511 Network Authentication Required", 1, half},
		{"too many requests", archive[:half], status(429), "the server answers 429", attempts, half},
		{"range of another length", archive[:half], answerRange(fmt.Sprintf("bytes %d-%d/%d", half, size, size+1), nil), "wrong length", 1, half},
		{"short, no length told", nil, chunked(archive[:half]), "the connection was cut at 0.", attempts, half},
		{"long, no length told", nil, chunked(append(bytes.Clone(archive), 0)), fmt.Sprintf("wrong length: goes on after %d bytes; what came was deleted", size), 1, 0},
		{"cut at once", nil, first(archive, 0, cutOff), "the connection was cut", attempts, 0},
		{"wrong bytes", nil, ignoringRange(other), "wrong MD5: ", 1, 0},
		{"wrong bytes in the part", other[:half+9], nil, "what came was deleted", 1, 0},
		{"wrong bytes, all here", other, nil, "what came was deleted", 0, 0},
	} {
		t.Run(c.why, func(t *testing.T) {
			cache := t.TempDir()
			if c.part != nil {
				write(t, filepath.Join(cache, partName), c.part)
			}
			srv, s := serve(t, archive, c.behave), sourceOf(archive)
			s.URL = strings.Replace(srv.URL, "http://", "http://me:secret@", 1)
			dir, err := s.Download(context.Background(), cache, nil)
			if dir != "" {
				t.Errorf("a folder %s came with the error", dir)
			}
			checkDownloadError(t, err, c.says)
			if bad := (*DownloadError)(nil); errors.As(err, &bad) && bad.Kept != int64(c.left) {
				t.Errorf("%d bytes are said to be kept, want %d", bad.Kept, c.left)
			}
			if errors.Is(err, errNoNetwork) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v", err)
			}
			if ranges, _ := srv.seen(); len(ranges) != c.requests {
				t.Errorf("%d requests, want %d", len(ranges), c.requests)
			}
			if c.left == 0 {
				checkNames(t, cache)
				return
			}
			checkNames(t, cache, partName)
			if got := sizeOf(filepath.Join(cache, partName)); got != int64(c.left) {
				t.Errorf("the part has %d bytes, want %d", got, c.left)
			}
		})
	}
}

// A server without ranges begins anew, and loses what is kept only to what is the archive.
func TestDownloadPortal(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	half := len(archive) / 2
	cache, s := t.TempDir(), sourceOf(archive)
	write(t, filepath.Join(cache, partName), archive[:half])
	srv := serve(t, archive, chunked([]byte(loginPage)), chunked(archive))
	s.URL = srv.URL
	_, err := s.Download(context.Background(), cache, nil)
	checkDownloadError(t, err, "the answer is a web page (HTML)")
	if bad := (*DownloadError)(nil); !errors.As(err, &bad) || bad.Kept != int64(half) || !strings.Contains(hints.Of(err), "log in with a browser") {
		t.Errorf("got %+v", bad)
	}
	if got, err := os.ReadFile(filepath.Join(cache, partName)); err != nil || !bytes.Equal(got, archive[:half]) {
		t.Errorf("what was kept is another: %v", err)
	}
	dir, err := s.Download(context.Background(), cache, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkUnpacked(t, dir)
}

// Redirects are followed to the archive, as far as they lead to addresses of the web and not in a circle. None is a cut.
func TestDownloadRedirects(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	half := len(archive) / 2
	// n answers /n with a redirect to /n-1, and / with the archive.
	steps := func(w http.ResponseWriter, r *http.Request) {
		var n int
		if fmt.Sscanf(r.URL.Path, "/%d", &n); n > 0 {
			http.Redirect(w, r, fmt.Sprint("/", n-1), 302)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(archive))
	}
	to := func(location string, code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Location"] = []string{location}
			w.WriteHeader(code)
		}
	}
	portal := serve(t, nil, chunked([]byte(loginPage)))
	for _, c := range []struct {
		why, path string
		behave    http.HandlerFunc
		says      string // "" where the archive comes
		requests  int
	}{
		{"one", "/1", steps, "", 2},
		{"ten", "/10", steps, "", 11},
		{"eleven", "/11", steps, "the server redirects more than 10 times, at last to http://127.0.0.1", 11},
		{"for ever", "/1000", steps, "more than 10 times", 11},
		{"to itself", "/x", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", 301) }, "the server redirects in a circle, to http://127.0.0.1", 1},
		{"in a circle", "/x", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, map[string]string{"/x": "/y", "/y": "/z", "/z": "/y"}[r.URL.Path], 307)
		}, "in a circle", 3},
		{"to FTP", "/x", to("ftp://host/x.tar.gz", 302), "redirects to ftp://host/x.tar.gz, which is not an http or https address", 1},
		{"to a file", "/x", to("file:///etc/passwd", 303), "redirects to file:///etc/passwd, which is not", 1},
		{"to a slip of the pen", "/x", to("httpx://host/?token=secret", 308), "redirects to httpx://host/, which is not", 1},
		{"to mail", "/x", to("mailto:a@b", 302), "redirects to mailto:a@b, which is not", 1},
		{"to no host", "/x", to("http:///x", 302), "which is not an http or https address", 1},
		{"to no address", "/x", to("http://[", 302), `redirects to what is no address: "http://["`, 1},
		{"to nowhere", "/x", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(302) }, "the server answers 302 Found", 1},
		{"a choice", "/x", to("/y", 300), "the server answers 300 Multiple Choices", 1},
		{"to a portal", "/x", to(portal.URL+"/login?from=secret", 302), "the answer is a web page (HTML), not the archive (from " + portal.URL + "/login)", 1},
	} {
		t.Run(c.why, func(t *testing.T) {
			cache, s := t.TempDir(), sourceOf(archive)
			write(t, filepath.Join(cache, partName), archive[:half])
			srv := serve(t, archive, c.behave)
			s.URL = srv.URL + c.path
			dir, err := s.Download(context.Background(), cache, nil)
			ranges, _ := srv.seen()
			if len(ranges) != c.requests {
				t.Errorf("%d requests, want %d", len(ranges), c.requests)
			}
			if c.says == "" {
				if err != nil || ranges[len(ranges)-1] != fmt.Sprintf("bytes=%d-", half) {
					t.Fatalf("ranges %q, %v", ranges, err)
				}
				checkUnpacked(t, dir)
				return
			}
			checkDownloadError(t, err, c.says)
			if strings.Contains(err.Error(), "cut") || strings.Contains(err.Error(), "secret") || sizeOf(filepath.Join(cache, partName)) != int64(half) {
				t.Errorf("got %v, %d bytes kept", err, sizeOf(filepath.Join(cache, partName)))
			}
		})
	}
}

// Each checksum counts alone.
func TestDownloadChecksums(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	srv := serve(t, archive)
	for says, change := range map[string]func(*Source){
		"wrong MD5: ":     func(s *Source) { s.MD5 = strings.Repeat("0", 32) },
		"wrong SHA-256: ": func(s *Source) { s.SHA256 = strings.Repeat("0", 64) },
	} {
		cache, s := t.TempDir(), sourceOf(archive)
		s.URL = srv.URL
		change(&s)
		_, err := s.Download(context.Background(), cache, nil)
		checkDownloadError(t, err, says)
		checkNames(t, cache)
	}
}

// An address that cannot be reached or says nothing is no network, at once and without retries.
func TestDownloadNoNetwork(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	deaf, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, never answers
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	gone := serve(t, archive)
	gone.Close()
	silent := serve(t, archive, func(w http.ResponseWriter, r *http.Request) { stayOpen(r) })
	for url, says := range map[string]string{
		"http://" + deaf.Addr().String():    "no network: nothing came for 200ms",
		gone.URL:                            "no network: dial tcp 127.0.0.1",
		silent.URL:                          "no network: nothing came for 200ms",
		"http://no-such-host.invalid/x.tgz": "no network: ",
	} {
		s, cache, began := sourceOf(archive), t.TempDir(), time.Now()
		s.URL, s.Silence, s.Backoff = url, 200*time.Millisecond, time.Hour
		_, err := s.Download(context.Background(), cache, nil)
		checkDownloadError(t, err, says)
		if !errors.Is(err, errNoNetwork) || time.Since(began) > 10*time.Second {
			t.Errorf("%s: %v after %v", url, err, time.Since(began))
		}
	}
	if ranges, _ := silent.seen(); len(ranges) != 1 {
		t.Errorf("a silent server was asked %d times", len(ranges))
	}
}

// A server that goes silent in the middle is one that cut the connection.
func TestDownloadSilentInTheMiddle(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	half := len(archive) / 2
	srv, s := serve(t, archive, first(archive, half, stayOpen), nil), sourceOf(archive)
	s.URL, s.Silence = srv.URL, 200*time.Millisecond
	dir, err := s.Download(context.Background(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	checkUnpacked(t, dir)
	if ranges, _ := srv.seen(); len(ranges) != 2 || ranges[1] != fmt.Sprintf("bytes=%d-", half) {
		t.Errorf("ranges %q", ranges)
	}
}

// A slow server is not a silent one: what counts is the time since the last piece.
func TestDownloadSlow(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	srv := serve(t, archive, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(archive)))
		for at := 0; at < len(archive); at += 20_000 {
			w.Write(archive[at:min(at+20_000, len(archive))])
			http.NewResponseController(w).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	})
	s := sourceOf(archive)
	s.URL, s.Silence = srv.URL, 500*time.Millisecond // of 800 in all
	if _, err := s.Download(context.Background(), t.TempDir(), nil); err != nil {
		t.Fatal(err)
	}
	if ranges, _ := srv.seen(); len(ranges) != 1 {
		t.Errorf("%d requests", len(ranges))
	}
}

// An interrupted download keeps what it has, and the next one fetches the rest alone.
func TestDownloadInterrupted(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	half := len(archive) / 2
	srv, s, cache := serve(t, archive, first(archive, half, stayOpen), nil), sourceOf(archive), t.TempDir()
	s.URL = srv.URL
	ctx, cancel := context.WithCancel(context.Background())
	_, err := s.Download(ctx, cache, func(done, total int64) {
		if total != s.Bytes {
			t.Errorf("progress of %d", total)
		}
		if done == int64(half) {
			cancel()
		}
	})
	checkDownloadError(t, err, fmt.Sprintf("stopped at %.1f of %.1f MB", float64(half)/1e6, float64(len(archive))/1e6))
	if !errors.Is(err, context.Canceled) || errors.Is(err, errNoNetwork) {
		t.Errorf("got %v", err)
	}
	checkNames(t, cache, partName)
	var told []int64
	dir, err := s.Download(context.Background(), cache, func(done, _ int64) { told = append(told, done) })
	if err != nil {
		t.Fatal(err)
	}
	checkUnpacked(t, dir)
	ranges, sent := srv.seen()
	if len(ranges) != 2 || ranges[1] != fmt.Sprintf("bytes=%d-", half) || sent[1] != len(archive)-half {
		t.Errorf("ranges %q, sent %v", ranges, sent)
	}
	if told[0] != int64(half) || told[len(told)-1] != s.Bytes {
		t.Errorf("progress %d ... %d, want %d ... %d", told[0], told[len(told)-1], half, s.Bytes)
	}
}

// Interrupting does not wait for the next attempt's time.
func TestDownloadInterruptedWaiting(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	s := sourceOf(archive)
	s.URL, s.Backoff = serve(t, archive, status(500)).URL, time.Hour
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := s.Download(ctx, t.TempDir(), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestDownloadBadAddress(t *testing.T) {
	for _, address := range []string{"", "cs.toronto.edu/x.tar.gz", "file:///etc/passwd", "ftp://host/x", "httpx://host/x", "http://", "http://[", "://", "download_test.go"} {
		s := sourceOf(nil)
		s.URL, s.Bytes = address, 5
		_, err := s.Download(context.Background(), t.TempDir(), nil)
		if bad := (*DownloadError)(nil); !errors.As(err, &bad) || bad.Problem != "not an http or https address" {
			t.Errorf("%q: %v", address, err)
		} else if strings.HasSuffix(address, ".go") && hints.Of(err) != "cnnvk data download --from download_test.go" {
			t.Errorf("%q: hint %q", address, hints.Of(err))
		}
	}
}

// A proxy that refuses is no network; a certificate that nobody vouches for is not asked again.
func TestDownloadProxyAndCertificate(t *testing.T) {
	proxy := serve(t, nil, status(407))
	transport := newTransport()
	transport.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy.URL) }
	_, err := transport.RoundTrip(httptest.NewRequest(http.MethodGet, "https://host.invalid/", nil))
	down := sourceOf(nil).unreachable(err, false, 0)
	if !errors.Is(down, errNoNetwork) || !strings.Contains(down.Error(), "no network: the proxy answers 407") {
		t.Errorf("got %v", down)
	}

	var asked int
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	s := sourceOf([]byte("x"))
	s.URL, s.Backoff = srv.URL, time.Hour
	_, err = s.Download(context.Background(), t.TempDir(), nil)
	checkDownloadError(t, err, "certificate")
	if bad := (*DownloadError)(nil); asked > 0 || !errors.As(err, &bad) || !strings.Contains(hints.Of(err), "ca-certificates") {
		t.Errorf("asked %d times, %v", asked, err)
	}
}

// The part file is the program's own: through a link it would write elsewhere.
func TestDownloadPartIsLink(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	cache, elsewhere, s := t.TempDir(), filepath.Join(t.TempDir(), "mine"), sourceOf(archive)
	write(t, elsewhere, []byte("mine"))
	link(t, elsewhere, filepath.Join(cache, partName))
	s.URL = serve(t, archive).URL
	_, err := s.Download(context.Background(), cache, nil)
	checkError(t, err, filepath.Join(cache, partName), "not a regular file")
	if got, _ := os.ReadFile(elsewhere); string(got) != "mine" {
		t.Errorf("the file behind the link is %q", got)
	}
}
