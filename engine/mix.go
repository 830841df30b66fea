package engine

import (
	"fmt"
	"math"
)

// Mix says what the op mix_images makes of one image of a batch: a blend with another one of the batch (Zhang, Cisse, Dauphin and
// Lopez-Paz, 2018), and that one's pixels in a rectangle (Yun et al., 2019).
type Mix struct {
	Partner int     // its place in the batch
	Share   float32 // of the image's own pixels in the blend, 0 to 1
	Paste   Rectangle
}

// Target is what the op cross_entropy_mixed wants of one image: two labels, and the share of the first.
type Target struct {
	Label, Other int
	Share        float32
}

// The numbers of words of a mix and of a target in their step inputs.
const (
	MixElements    = 6
	TargetElements = 3
)

// Put writes the mix into MixElements words.
func (m Mix) Put(words []uint32) {
	for i, v := range []int{m.Partner, m.Paste.Top, m.Paste.Left, m.Paste.Height, m.Paste.Width} {
		words[i] = uint32(v)
	}
	words[5] = math.Float32bits(m.Share)
}

// Put writes the target into TargetElements words.
func (t Target) Put(words []uint32) {
	words[0], words[1], words[2] = uint32(t.Label), uint32(t.Other), math.Float32bits(t.Share)
}

// checkMixes demands mixes (N,MixElements) with images of the batch.
func checkMixes(values []uint32, _ Attr, d Dims) error {
	for i := range d["N"] {
		m := MixOf(values[i*MixElements:])
		if m.Partner >= d["N"] {
			return fmt.Errorf("[%d] is mixed with image %d, but there are only %d", i, m.Partner, d["N"])
		}
		if err := isShare(i, m.Share); err != nil {
			return err
		}
	}
	return nil
}

// MixOf is the mix that Put wrote.
func MixOf(words []uint32) Mix {
	v := func(i int) int { return int(words[i]) }
	return Mix{v(0), math.Float32frombits(words[5]), Rectangle{v(1), v(2), v(3), v(4)}}
}

// checkTargets demands targets (N,TargetElements) with labels that there are.
func checkTargets(values []uint32, _ Attr, d Dims) error {
	for i := range d["N"] {
		t := TargetOf(values[i*TargetElements:])
		if most := max(t.Label, t.Other); most >= d["M"] {
			return fmt.Errorf("[%d] is %d, but there are only %d", i, most, d["M"])
		}
		if err := isShare(i, t.Share); err != nil {
			return err
		}
	}
	return nil
}

// TargetOf is the target that Put wrote.
func TargetOf(words []uint32) Target {
	return Target{int(words[0]), int(words[1]), math.Float32frombits(words[2])}
}

func isShare(at int, share float32) error {
	if !(share >= 0 && share <= 1) {
		return fmt.Errorf("[%d] has a share of %g, which is not in [0, 1]", at, share)
	}
	return nil
}
