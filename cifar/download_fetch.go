package cifar

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"cnnvk/internal/files"
	"cnnvk/internal/filetype"
	"cnnvk/internal/hints"
)

// attempts is how many failures in a row end a download.
const attempts = 4

// transfer is a download under way.
type transfer struct {
	Source
	transport *http.Transport
	part      *os.File
	have      int64 // bytes in part
	heard     bool  // the server has answered
	whole     bool  // the server cannot send ranges: ask for all of it
	progress  func(done, total int64)
}

// fetch makes the file at path s.Bytes long, going on from what is there. The bytes are not yet checked.
func (s Source) fetch(ctx context.Context, path string, progress func(done, total int64)) (err error) {
	if err := s.checkURL(); err != nil {
		return err
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return hints.With(&FileError{Path: path, Problem: "is in the way: not a regular file"}, "mv "+files.Quote(path)+" "+files.Quote(path+".old"))
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
	t := &transfer{Source: s, transport: newTransport(), part: part, have: sizeOf(path), progress: progress}
	defer t.transport.CloseIdleConnections()
	if t.have > s.Bytes {
		if err := t.cutTo(0); err != nil {
			return err
		}
	}
	return t.run(ctx)
}

// run sends requests until all is here. Failures count as being in a row unless a hundredth of the
// archive has come between them: a bad line gets there in the end, a hopeless one is given up.
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

	heard := func() { watch.Reset(t.silence()) }
	res, err := t.get(ctx, heard)
	if errors.Is(context.Cause(ctx), errSilent) {
		return t.silent(t.heard, t.have)
	}
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := t.accept(res)
	if err == nil {
		err = t.receive(body, heard)
	}
	if err != nil && errors.Is(context.Cause(ctx), errSilent) {
		return t.silent(true, t.have)
	}
	return err
}

// accept checks an answer and sets the part file to where its body begins. If the answer is not the
// file, the part stays: it is only given up once the archive itself is seen to come.
func (t *transfer) accept(res *http.Response) (body io.Reader, err error) {
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusPartialContent:
		if err := t.checkRange(res.Header.Get("Content-Range")); err != nil {
			return nil, err
		}
	case http.StatusRequestedRangeNotSatisfiable:
		var total int64
		if _, err := fmt.Sscanf(res.Header.Get("Content-Range"), "bytes */%d", &total); err == nil && total != t.Bytes {
			return nil, t.wrongLength(total)
		}
		return nil, t.startOver(errors.New("the server has no such range"))
	default:
		return nil, t.refusal(res)
	}
	whole := res.StatusCode == http.StatusOK
	head := make([]byte, filetype.HeadBytes)
	n, err := io.ReadAtLeast(res.Body, head, 512) // an error comes again with the next read
	head = head[:n]
	if err := t.checkHead(res, head, whole, err); err != nil {
		return nil, err
	}
	if whole { // also where a range was asked for
		if err := t.cutTo(0); err != nil {
			return nil, err
		}
	}
	return io.MultiReader(bytes.NewReader(head), res.Body), nil
}

// checkHead refuses an answer that cannot be the archive, or the rest of it, by its first bytes. whole
// says that it is to be all of the archive; err comes from reading head.
func (t *transfer) checkHead(res *http.Response, head []byte, whole bool, err error) error {
	const sure = 64 // so many bytes of an archive's middle are no text by chance
	begins := strings.HasPrefix(string(head), gzipMagic) || strings.HasPrefix(gzipMagic, string(head))
	kind, name := kindOfAnswer(head)
	if whole && !begins || isPage(kind) && (whole || len(head) >= sure) {
		return t.notArchive(res, kind, name)
	}
	switch {
	case whole && res.ContentLength >= 0 && res.ContentLength != t.Bytes:
		return t.wrongLength(res.ContentLength)
	case len(head) == 0 && err == io.EOF:
		return t.passing(nil, hintMirror, "the answer is empty")
	case whole && t.have > 0 && len(head) < len(gzipMagic):
		return t.cut(err, t.have)
	}
	return nil
}

func (t *transfer) checkRange(header string) error {
	var from, to, total int64
	_, err := fmt.Sscanf(header, "bytes %d-%d/%d", &from, &to, &total)
	switch {
	case err == nil && total != t.Bytes:
		return t.wrongLength(total)
	case err != nil || from != t.have || to != t.Bytes-1:
		return t.startOver(fmt.Errorf("the server answers with the range %q", header))
	}
	return nil
}

const gzipMagic = "\x1f\x8b\x08"

// kindOfAnswer is what an answer is by its first bytes. A page that the server has gzipped counts as a
// page.
func kindOfAnswer(head []byte) (filetype.Kind, string) {
	is := filetype.Of(head)
	if is.Kind != filetype.Gzip {
		return is.Kind, is.Name
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return is.Kind, is.Name
	}
	plain := make([]byte, filetype.HeadBytes)
	n, _ := io.ReadFull(unzipped, plain)
	if inner := filetype.Of(plain[:n]); isPage(inner.Kind) {
		return inner.Kind, inner.Name
	}
	return is.Kind, is.Name
}

// isPage says whether a kind is one that servers and proxies send in place of a file.
func isPage(kind filetype.Kind) bool {
	switch kind {
	case filetype.HTML, filetype.XML, filetype.JSON, filetype.Text:
		return true
	}
	return false
}

// startOver makes the next request ask for the whole archive.
func (t *transfer) startOver(cause error) error {
	t.whole = true
	return t.cut(cause, t.have)
}

func (t *transfer) wrongLength(n int64) error {
	return t.failure(nil, hintMirror, "wrong length: %d bytes, must be %d", n, t.Bytes)
}

// receive appends the body to the part file. heard is called for every piece.
func (t *transfer) receive(body io.Reader, heard func()) error {
	before := t.have
	if _, err := t.part.Seek(t.have, io.SeekStart); err != nil {
		return cacheError(t.part.Name(), err)
	}
	piece := make([]byte, 128<<10)
	for {
		n, err := body.Read(piece)
		heard()
		if t.have+int64(n) > t.Bytes {
			if err := t.cutTo(before); err != nil { // what came is of some other file
				return err
			}
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

// verify checks the fetched file's size and both checksums, and deletes it if they differ.
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

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
