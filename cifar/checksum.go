package cifar

import (
	"crypto/md5"
	"fmt"
	"io"
)

// The MD5 checksums of files whose contents are known. The reordered files hold the published
// images in another record order, so splits name other images in them.
var known = map[string]string{
	"6172c7755cfe09b2fe270c85cebc1b15": "published", // train.bin
	"4499cfba6c016c1be1438163640a0898": "published", // test.bin
	"22321c04514c83b966379a484e1ce88d": "reordered", // train.bin
	"9e69e471e263b552855fa6499a30f2b1": "reordered", // test.bin
}

// Known says what a file with this MD5 (lower-case hex, as in Set.MD5) is: "published", "reordered"
// (the same images, another order) or "" where the checksum is of neither. Sizes and labels are
// checked when a file is read; a changed pixel can be noticed only here.
func Known(md5 string) string { return known[md5] }

// sumPiece is how many records are summed at a time.
const sumPiece = 256

// summing is the MD5 of records under way, on a processor of its own while others are read or made.
type summing struct {
	pieces chan *Set
	sum    chan string
}

// newSumming begins to sum so many records, at most.
func newSumming(records int) *summing {
	s := &summing{make(chan *Set, records+1), make(chan string, 1)}
	go func() {
		sum := md5.New()
		for piece := range s.pieces {
			piece.writeRecords(sum) // a hash takes every write
		}
		s.sum <- fmt.Sprintf("%x", sum.Sum(nil))
	}()
	return s
}

// add takes the next records, which do not change any more.
func (s *summing) add(piece *Set) { s.pieces <- piece }

// end is the checksum, in hex, of all that were added. It must be called once.
func (s *summing) end() string {
	close(s.pieces)
	return <-s.sum
}

// writeRecords writes the set in the published binary layout: for each image the coarse label, if it has one, the
// label and the bytes of its planes. Reading the result back gives the same set.
func (s *Set) writeRecords(w io.Writer) error {
	var labels [2]byte
	for i := range s.Labels {
		head := append(labels[:0], s.Labels[i])
		if s.Coarse != nil {
			head = append(labels[:0], s.Coarse[i], s.Labels[i])
		}
		for _, part := range [][]byte{head, s.image(i)} {
			if _, err := w.Write(part); err != nil {
				return fmt.Errorf("cifar: record %d of %s: %w", i, s.Name, err)
			}
		}
	}
	return nil
}
