package cifar

import (
	"fmt"
	"runtime"
	"sync/atomic"
)

// Synthetic returns n images of a made-up data set in the form of CIFAR-100, for trying things out
// where the real one is not at hand: see SyntheticOf.
func Synthetic(seed uint64, n int) *Set { return SyntheticOf(CIFAR100, seed, n) }

// SyntheticOf returns n made-up images of a form, which has 4 channels and MostSynthetic classes at most. Image i has the label
// i modulo the number of classes and is a function of (form, seed, i)
// alone: a longer set starts with the shorter one. How a class looks does not depend on the seed, so
// sets of other seeds are further images of the same task.
//
// Five classes share a colour, and each of them lays a grating of its own direction
// and width over it; the place of the grating, a shift of the colour and the noise are drawn per
// image. All of it is integer arithmetic, so every machine makes the same bytes. n below 0 counts as 0.
func SyntheticOf(f Form, seed uint64, n int) *Set {
	set := newSet(f, max(n, 0))
	set.Synthetic, set.Name = true, fmt.Sprintf("synthetic (seed %d)", seed)
	set.MD5 = set.paint(seed)
	return set
}

// SyntheticForm is the form of made-up images of that shape, under that name. Its statistics are not known beforehand.
func SyntheticForm(name string, c, h, w, classes int) Form {
	f := Form{Name: name, C: c, H: h, W: w}
	for i := range classes {
		f.Classes = append(f.Classes, fmt.Sprintf("class_%d", i))
	}
	return f
}

// MostSynthetic is how many classes of made-up images of that many channels can be told apart: each channel of a colour has one of three
// levels.
func MostSynthetic(channels int) int {
	n := len(gratings)
	for range channels {
		n *= len(levels)
	}
	return min(n, 256)
}

const period = 64 // of the grating's triangle wave, in steps

// gratings holds the steps of the wave per pixel to the right and down, for each class of a
// colour. No two are mirror images, so that flipping an image does not change its class.
var gratings = [5][2]int{{4, 0}, {0, 4}, {6, 6}, {12, 0}, {0, 12}}

// levels are those of a colour's channels. With all that paint adds, pixels stay within 9 to 245.
var levels = [3]int{64, 128, 191}

// paint makes the set's images, on all processors, and returns their checksum.
func (s *Set) paint(seed uint64) string {
	painted := make([]chan struct{}, (s.Len()+sumPiece-1)/sumPiece)
	for k := range painted {
		painted[k] = make(chan struct{})
	}
	var begun atomic.Int64
	for range min(runtime.GOMAXPROCS(0), len(painted)) {
		go func() {
			drawn := make([]uint32, s.Form.ImageBytes())
			for k := int(begun.Add(1)) - 1; k < len(painted); k = int(begun.Add(1)) - 1 {
				for i := k * sumPiece; i < min((k+1)*sumPiece, s.Len()); i++ {
					s.paintImage(i, seed, drawn)
				}
				close(painted[k])
			}
		}()
	}
	sum := newSumming(s.Len())
	for k := range painted {
		<-painted[k]
		sum.add(s.piece(k*sumPiece, min(sumPiece, s.Len()-k*sumPiece)))
	}
	return sum.end()
}

// paintImage makes an image. drawn has room for a draw for each of its bytes.
func (s *Set) paintImage(i int, seed uint64, drawn []uint32) {
	class := i % len(s.Form.Classes)
	s.Labels[i] = uint8(class)
	if s.Coarse != nil {
		s.Coarse[i] = uint8(class / len(gratings))
	}
	paint(s.image(i), s.Form, class, newStream(seed, streamSynthetic, uint64(i)), drawn)
}

// paint fills image (C, H, W) with one drawn example of the class. drawn is room for as many draws.
func paint(image []byte, f Form, class int, draws *stream, drawn []uint32) {
	place := draws.next()
	phase := int(place % period)
	step := gratings[class%len(gratings)]
	draws.fill(drawn)
	for c, base := range colour(class/len(gratings), f.C) {
		base += int(place>>(8*(c+1))&15) - 8
		for y := range f.H {
			at := (c*f.H + y) * f.W
			row, along := image[at:][:f.W], uint(phase+y*step[1])
			for x, draw := range drawn[at:][:f.W] {
				row[x] = uint8(base + int(triangle[along%period]) + noise(draw))
				along += uint(step[0])
			}
		}
	}
}

// colour returns the channels' mean of the colour of that number: its digits to base 3, the last channel's the lowest.
func colour(number, channels int) []int {
	out := make([]int, channels)
	for c := channels - 1; c >= 0; c-- {
		out[c] = levels[number%len(levels)]
		number /= len(levels)
	}
	return out
}

// triangle is a wave that goes from -16 to 16 and back.
var triangle = func() (wave [period]int8) {
	for step := range wave {
		wave[step] = int8(min(step, period-step) - period/4)
	}
	return wave
}()

// noise is a sum of two draws from 0..31, made even about 0: -31 to 31, most often small.
func noise(draw uint32) int { return int(draw>>27) - int(draw>>22&31) }
