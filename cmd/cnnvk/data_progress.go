package main

import (
	"fmt"
	"io"
	"net/url"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// fetchProgress shows a download: a bar, which goes away at the end, or a line each tenth.
type fetchProgress struct {
	out       io.Writer
	what      string // said first
	bars      *mpb.Progress
	bar       *mpb.Bar
	began     time.Time
	had       int64 // bytes that were there before
	nextTenth int64
}

func newFetchProgress(out io.Writer, address, dir string) *fetchProgress {
	if u, err := url.Parse(address); err == nil {
		address = u.Redacted()
	}
	return &fetchProgress{out: out, what: fmt.Sprintf("downloading %s into %s", address, dir)}
}

// at shows how far the download is. The first call makes the bar, so there is none if nothing is fetched.
func (p *fetchProgress) at(done, total int64) {
	if p.began.IsZero() {
		p.began, p.had, p.nextTenth = time.Now(), done, done*10/max(total, 1)+1
		fmt.Fprintln(p.out, p.what)
		if wantsBar(p.out) {
			p.start()
		}
	}
	if p.bar != nil {
		p.bar.SetTotal(total, false) // never complete by itself: checking and unpacking follow
		p.bar.SetCurrent(done)
		return
	}
	if tenth := done * 10 / max(total, 1); tenth >= p.nextTenth {
		p.nextTenth = tenth + 1
		fmt.Fprintf(p.out, "%.1f of %.1f MB (%d %%)\n", float64(done)/1e6, float64(total)/1e6, 100*done/max(total, 1))
	}
}

func (p *fetchProgress) start() {
	p.bars = newBars(p.out)
	p.bar = p.bars.New(0, mpb.BarStyle(), mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string {
		return fetchWords(s.Current, s.Total, p.had, time.Since(p.began), s.AvailableWidth < 60)
	})))
}

// end takes the bar away, and the ^C of a Ctrl-C: the bar's own writer moves the cursor up and down only.
func (p *fetchProgress) end() {
	if p.bar != nil {
		fmt.Fprint(p.out, "\r")
		p.bar.Abort(true)
		p.bars.Wait()
	}
}

// decodeProgress shows how many pictures are decoded, once that has taken a while: a bar, which goes away at the end, or a line each tenth.
type decodeProgress struct {
	out       io.Writer
	mu        sync.Mutex // of all below
	began     time.Time
	bars      *mpb.Progress
	bar       *mpb.Bar
	nextTenth int
}

// noWhile is how long pictures may be decoded before a word is said.
const noWhile = 2 * time.Second

// at may be called by several goroutines.
func (p *decodeProgress) at(done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.began.IsZero() {
		p.began = time.Now()
	}
	if time.Since(p.began) < noWhile {
		return
	}
	if p.nextTenth == 0 {
		p.nextTenth = done*10/total + 1
		fmt.Fprintf(p.out, "data: decoding %d pictures, for this time and the next\n", total)
		if wantsBar(p.out) {
			p.bars = newBars(p.out)
			p.bar = p.bars.New(int64(total), mpb.BarStyle(), mpb.AppendDecorators(decor.CountersNoUnit(" %d of %d pictures")))
		}
	}
	if p.bar != nil {
		p.bar.SetCurrent(int64(done))
	} else if tenth := done * 10 / total; tenth >= p.nextTenth {
		p.nextTenth = tenth + 1
		fmt.Fprintf(p.out, "%d of %d pictures (%d %%)\n", done, total, 100*done/total)
	}
}

// end takes the bar away.
func (p *decodeProgress) end() {
	if p.bar != nil {
		fmt.Fprint(p.out, "\r")
		p.bar.Abort(true)
		p.bars.Wait()
	}
}

// fetchWords stand behind the bar. Bytes of an earlier download count as done, but not for the speed.
func fetchWords(done, total, had int64, took time.Duration, narrow bool) string {
	if total > 0 && done >= total {
		return " checking and unpacking"
	}
	words := fmt.Sprintf(" %.1f of %.1f MB", float64(done)/1e6, float64(total)/1e6)
	speed := float64(done-had) / max(took.Seconds(), 1e-3)
	if speed <= 0 {
		return words
	}
	left := time.Duration(float64(total-done) / speed * float64(time.Second)).Round(time.Second)
	if narrow {
		return fmt.Sprintf("%s, %v", words, left)
	}
	return fmt.Sprintf("%s, %.1f MB/s, %v left", words, speed/1e6, left)
}

func sayTo(out io.Writer) func(string) {
	return func(line string) { fmt.Fprintln(out, "data: "+line) }
}
