package cifar

import (
	"crypto/md5"
	"fmt"
	"io"
)

// Synthetic returns n images of a made-up data set in the form of CIFAR-100, for trying things out
// where the real one is not at hand. Image i has fine label i mod 100 and is a function of (seed, i)
// alone: a longer set starts with the shorter one. How a class looks does not depend on the seed, so
// sets of other seeds are further images of the same task.
//
// A coarse class is a colour, and each of its five fine classes lays a grating of its own direction
// and width over it; the place of the grating, a shift of the colour and the noise are drawn per
// image. All of it is integer arithmetic, so every machine makes the same bytes. n below 0 counts as 0.
func Synthetic(seed uint64, n int) *Set {
	n = max(n, 0)
	set := &Set{
		Images:    make([]byte, n*ImageBytes),
		Labels:    make([]uint8, n),
		Coarse:    make([]uint8, n),
		Synthetic: true,
		Name:      fmt.Sprintf("synthetic (seed %d)", seed),
	}
	for i := range n {
		fine := i % Classes
		set.Labels[i], set.Coarse[i] = uint8(fine), uint8(fine/finePerCoarse)
		paint(set.Images[i*ImageBytes:(i+1)*ImageBytes], fine, newStream(seed, streamSynthetic, uint64(i)))
	}
	sum := md5.New()
	set.writeRecords(sum) // a hash takes every write
	set.MD5 = fmt.Sprintf("%x", sum.Sum(nil))
	return set
}

const (
	finePerCoarse = Classes / CoarseClasses
	period        = 64 // of the grating's triangle wave, in steps
)

// gratings holds the steps of the wave per pixel to the right and down, for each fine class of a
// coarse one. No two are mirror images, so that flipping an image does not change its class.
var gratings = [finePerCoarse][2]int{{4, 0}, {0, 4}, {6, 6}, {12, 0}, {0, 12}}

// paint fills image (3, 32, 32) with one drawn example of the fine class.
func paint(image []byte, fine int, draws *stream) {
	place := draws.next()
	phase := int(place % period)
	step := gratings[fine%finePerCoarse]
	for c, base := range colour(fine / finePerCoarse) {
		base += int(place>>(8*(c+1))&15) - 8
		for y := range Side {
			row := image[(c*Side+y)*Side:][:Side]
			for x := range row {
				wave := triangle(phase + x*step[0] + y*step[1])
				row[x] = uint8(base + wave + noise(draws.next()))
			}
		}
	}
}

// colour returns the three channels' mean of a coarse class: its digits to base 3, each at one of
// three levels. With all that paint adds, pixels stay within 9 to 245.
func colour(coarse int) [Channels]int {
	level := [3]int{64, 128, 191}
	return [Channels]int{level[coarse/9%3], level[coarse/3%3], level[coarse%3]}
}

// triangle is a wave of the given period that goes from -16 to 16 and back.
func triangle(step int) int {
	step %= period
	if step > period/2 {
		step = period - step
	}
	return step - period/4
}

// noise is a sum of two draws from 0..31, made even about 0: -31 to 31, most often small.
func noise(draw uint32) int { return int(draw>>27) - int(draw>>22&31) }

// writeRecords writes the set in the published binary layout: for each image the coarse label, the
// fine label and the 3,072 bytes of its planes. Reading the result back gives the same set.
func (s *Set) writeRecords(w io.Writer) error {
	record := make([]byte, RecordBytes)
	for i := range s.Labels {
		record[0], record[1] = s.Coarse[i], s.Labels[i]
		copy(record[2:], s.Images[i*ImageBytes:])
		if _, err := w.Write(record); err != nil {
			return fmt.Errorf("cifar: record %d of %s: %w", i, s.Name, err)
		}
	}
	return nil
}
