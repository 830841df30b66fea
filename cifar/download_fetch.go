package cifar

import (
	"cnnvk/internal/files"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

// attempts is how often in a row the address is asked without getting on.
const attempts = 4

// transfer is a download under way.
type transfer struct {
	Source
	client   *http.Client
	part     *os.File
	have     int64 // bytes in part
	heard    bool  // the server has answered
	whole    bool  // the server's ranges are no use: ask for all of it
	progress func(done, total int64)
}

// fetch makes the file at path s.Bytes long, going on from what is there. The bytes are not yet checked.
func (s Source) fetch(ctx context.Context, path string, progress func(done, total int64)) (err error) {
	if u, err := url.Parse(s.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return s.failure(nil, "--url https://...", "not an http or https address")
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return &FileError{Path: path, Problem: "is in the way: not a regular file", hint: "mv " + files.Quote(path) + " " + files.Quote(path+".old")}
	}
	part, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return cacheError(path, err)
	}
	defer func() {
		if closeErr := part.Close(); closeErr != nil && err == nil {
			err = cacheError(path, closeErr)
		}
	}()
	t := &transfer{Source: s, client: newClient(), part: part, have: sizeOf(path), progress: progress}
	defer t.client.CloseIdleConnections()
	if t.have > s.Bytes {
		if err := t.cutTo(0); err != nil {
			return err
		}
	}
	return t.run(ctx)
}

// run asks until all is here. A failure counts as one in a row unless the part has grown by a
// hundredth since the last: so a bad line gets there in the end, and a hopeless one gives up.
func (t *transfer) run(ctx context.Context) error {
	reached, failures, wait := t.have, 0, t.backoff()
	for t.progress(t.have, t.Bytes); t.have < t.Bytes; {
		err := t.attempt(ctx)
		if ctx.Err() != nil {
			return t.stopped(ctx, t.have)
		}
		var down *DownloadError
		if err == nil || !errors.As(err, &down) || !down.again {
			if err != nil {
				return err
			}
			continue
		}
		if t.have > reached+t.Bytes/100 {
			reached, failures, wait = t.have, 0, t.backoff()
		}
		if failures++; failures == attempts {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return t.stopped(ctx, t.have)
		}
		wait *= 2
	}
	return nil
}

var errSilent = errors.New("silent")

// attempt is one request and as much of its answer as comes.
func (t *transfer) attempt(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// One watch over it all: looking up the name, connecting, the answer, and every read.
	watch := time.AfterFunc(t.silence(), func() { cancel(errSilent) })
	defer watch.Stop()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.URL, nil)
	if err != nil {
		return t.failure(err, "--url https://...", "%v", err)
	}
	req.Header.Set("User-Agent", "cnnvk")
	req.Header.Set("Accept-Encoding", "identity") // else the transport may unpack what is counted packed
	if t.have > 0 && !t.whole {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", t.have))
	}
	res, err := t.client.Do(req)
	if errors.Is(context.Cause(ctx), errSilent) {
		return t.silent(t.heard, t.have)
	}
	if err != nil {
		return t.unreachable(err, t.heard, t.have)
	}
	defer res.Body.Close()
	t.heard = true
	watch.Reset(t.silence())
	if err := t.accept(res); err != nil {
		return err
	}
	err = t.receive(res.Body, func() { watch.Reset(t.silence()) })
	if err != nil && errors.Is(context.Cause(ctx), errSilent) {
		return t.silent(true, t.have)
	}
	return err
}

// accept looks at the head of an answer and brings the part file to where its body begins. The part
// stays as it is where the answer is not the file.
func (t *transfer) accept(res *http.Response) error {
	switch res.StatusCode {
	case http.StatusPartialContent:
		var from, to, total int64
		_, err := fmt.Sscanf(res.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total)
		if err == nil && total != t.Bytes {
			return t.wrongLength(total)
		}
		if err != nil || from != t.have || to != t.Bytes-1 {
			return t.startOver(fmt.Errorf("the server answers with the range %q", res.Header.Get("Content-Range")))
		}
		return nil
	case http.StatusOK: // all of it, also where a range was asked for
		if res.ContentLength >= 0 && res.ContentLength != t.Bytes {
			return t.wrongLength(res.ContentLength)
		}
		return t.cutTo(0)
	case http.StatusRequestedRangeNotSatisfiable:
		return t.startOver(errors.New("the server has no such range"))
	}
	return t.refusal(res)
}

// startOver is a retry without a range.
func (t *transfer) startOver(cause error) error {
	t.whole = true
	return t.cut(cause, t.have)
}

func (t *transfer) wrongLength(n int64) error {
	return t.failure(nil, hintMirror, "wrong length: %d bytes, must be %d", n, t.Bytes)
}

// receive appends the body to the part file. heard is called for every piece.
func (t *transfer) receive(body io.Reader, heard func()) error {
	if _, err := t.part.Seek(t.have, io.SeekStart); err != nil {
		return cacheError(t.part.Name(), err)
	}
	piece := make([]byte, 128<<10)
	for {
		n, err := body.Read(piece)
		heard()
		if t.have+int64(n) > t.Bytes {
			if err := t.cutTo(0); err != nil { // what it holds is the start of some other file
				return err
			}
			os.Remove(t.part.Name())
			return t.failure(nil, hintMirror, "wrong length: goes on after %d bytes; what came was deleted", t.Bytes)
		}
		written, writeErr := t.part.Write(piece[:n])
		t.have += int64(written)
		if writeErr != nil {
			return cacheError(t.part.Name(), writeErr)
		}
		t.progress(t.have, t.Bytes)
		switch {
		case err == io.EOF && t.have == t.Bytes:
			return nil
		case err == io.EOF:
			return t.cut(io.ErrUnexpectedEOF, t.have)
		case err != nil:
			return t.cut(err, t.have)
		}
	}
}

func (t *transfer) cutTo(n int64) error {
	if err := t.part.Truncate(n); err != nil {
		return cacheError(t.part.Name(), err)
	}
	t.have = n
	return nil
}

// newClient is Go's default one, proxies from the environment included, with connections of its own
// that can be closed when all is done, and with a proxy's refusal told apart.
func newClient() *http.Client {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return &http.Client{}
	}
	transport := standard.Clone()
	transport.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
		if res.StatusCode != http.StatusOK {
			return &proxyRefusal{res.Status}
		}
		return nil
	}
	return &http.Client{Transport: transport}
}

// verify holds the fetched file to its size and both checksums, and deletes it where it is another.
func (s Source) verify(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return systemError(path, err)
	}
	defer f.Close()
	ofMD5, ofSHA := md5.New(), sha256.New()
	n, err := io.Copy(io.MultiWriter(ofMD5, ofSHA), f)
	if err != nil {
		return systemError(path, err)
	}
	for _, c := range []struct{ what, got, want string }{
		{"length", fmt.Sprint(n), fmt.Sprint(s.Bytes)},
		{"MD5", fmt.Sprintf("%x", ofMD5.Sum(nil)), s.MD5},
		{"SHA-256", fmt.Sprintf("%x", ofSHA.Sum(nil)), s.SHA256},
	} {
		if c.got != c.want {
			f.Close() // some systems delete no open file
			os.Remove(path)
			return s.failure(nil, "the same command again fetches it anew; "+hintMirror,
				"wrong %s: %s, must be %s; what came was deleted", c.what, c.got, c.want)
		}
	}
	return nil
}
