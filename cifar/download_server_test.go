package cifar

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// server serves an archive and writes down what was asked and how much it sent. Each request is
// first offered to the behaviour of its number, the last of which stays; nil serves as one should.
type server struct {
	*httptest.Server
	archive   []byte
	behaviour []http.HandlerFunc

	mu     sync.Mutex
	ranges []string
	sent   []int
}

func serve(t *testing.T, archive []byte, behaviour ...http.HandlerFunc) *server {
	s := &server{archive: archive, behaviour: behaviour}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	n := len(s.ranges)
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	s.sent = append(s.sent, 0)
	s.mu.Unlock()
	counted := &counter{w, func(k int) { s.mu.Lock(); s.sent[n] += k; s.mu.Unlock() }}
	if len(s.behaviour) > 0 {
		if handle := s.behaviour[min(n, len(s.behaviour)-1)]; handle != nil {
			handle(counted, r)
			return
		}
	}
	s.good(counted, r)
}

func (s *server) good(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.archive))
}

func (s *server) seen() (ranges []string, sent []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.ranges...), append([]int{}, s.sent...)
}

// counter counts the bytes of bodies.
type counter struct {
	http.ResponseWriter
	count func(int)
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.count(n)
	return n, err
}

func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// The behaviours of bad servers.

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", code) }
}

func ignoringRange(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		w.Write(data)
	}
}

// chunked tells no length.
func chunked(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).Flush()
		w.Write(data)
	}
}

// first sends the first n bytes of all that was asked for, and then does what it is told to do.
func first(archive []byte, n int, then func(r *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		from := 0
		if fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); from > 0 {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(archive)-1, len(archive)))
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(archive)-from))
		if from > 0 {
			w.WriteHeader(http.StatusPartialContent)
		}
		w.Write(archive[from:min(from+n, len(archive))])
		http.NewResponseController(w).Flush()
		then(r)
	}
}

// aByte sends the first byte of all, whatever is asked for.
func aByte(archive []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Range")
		first(archive, 1, cutOff)(w, r)
	}
}

func cutOff(*http.Request) { panic(http.ErrAbortHandler) }

func stayOpen(r *http.Request) { <-r.Context().Done() }

func answerRange(header string, data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Range", header)
		w.WriteHeader(http.StatusPartialContent)
		w.Write(data)
	}
}
