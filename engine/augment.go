package engine

import (
	"fmt"
	"math"
)

// Draw says what the op augment does to one image of a batch: a crop, a flip, operations on 8-bit pixels in their order and, after the
// table has made inputs of the bytes, a rectangle of zeros. The host draws it; both executors come to the same integers.
type Draw struct {
	Image     int  // its index in the data set
	Top, Left int  // of the crop in the image; pixels outside of the image are black
	Reflect   bool // outside of it are, not black pixels, those of the image mirrored in its border, as PyTorch's reflect padding
	Flip      bool // left and right change places, after the crop
	Ops       []AugmentOp
	Erase     Rectangle // set to 0 in the op's result, after the table
}

// Rectangle is a part of an image; none where Height is 0.
type Rectangle struct{ Top, Left, Height, Width int }

// AugmentOp is one change of an image of bytes. Its kind says which of the other fields it reads.
type AugmentOp struct {
	Kind   AugmentKind
	Factor float32  // of the blends
	Level  int      // Hue: added modulo 256; Posterize: the mask of the bits that stay; Solarize: the first value to be inverted
	Affine [6]int32 // Affine: where a pixel is taken from, in units of 2^-16 pixels
}

// AugmentKind is what an operation does.
type AugmentKind uint32

// The operations, in the 8-bit arithmetic of Pillow. A blend with a factor f is a + f (b - a) in float32, truncated and
// clamped to 0..255, where b is the pixel as it is and a is named below.
const (
	Brightness   AugmentKind = iota // a is black
	Contrast                        // a is the mean grey of the image, rounded
	Saturation                      // a is the pixel's grey, (19595 R + 38470 G + 7471 B + 32768) >> 16
	Sharpness                       // a is the image smoothed by the 3x3 filter of ones with a 5 in the middle; the border as it is
	Hue                             // the hue of the pixel in 8-bit HSV moves by Level
	Posterize                       // the bits outside of the mask Level become 0
	Solarize                        // v becomes 255 - v where v >= Level
	AutoContrast                    // each channel is stretched to 0..255
	Equalize                        // each channel's histogram is flattened
	Affine                          // pixel (x, y) is taken from ((A0 x + A1 y + A2) >> 16, (A3 x + A4 y + A5) >> 16), black outside
	augmentKinds
)

// The words of a draw in the step input "draws": image, top, left, flip, the rectangle, the number of operations, the operations.
const (
	drawImage  = 0
	drawTop    = 1
	drawLeft   = 2
	drawFlip   = 3
	drawErase  = 4
	drawCount  = 8
	drawOps    = 9
	opElements = 7 // kind, then a factor's bits, a level, or a matrix

	// Of the word drawFlip.
	flipBit    = 1
	reflectBit = 2

	// MaxAugmentOps is the largest number of operations in a draw.
	MaxAugmentOps = 6
	// DrawElements is the number of words of a draw.
	DrawElements = drawOps + MaxAugmentOps*opElements + 1
	// augmentPixels is the size of the largest image for operations that look at other pixels: two copies and a histogram must fit the
	// shared memory of a workgroup.
	augmentPixels = 1536
)

// OfPixels are the kinds that look at a pixel alone, and Contrast, which beside it needs one mean.
const OfPixels = 1<<Brightness | 1<<Contrast | 1<<Saturation | 1<<Hue | 1<<Posterize | 1<<Solarize

// Augmentable says why images of c x h x w cannot go through draws with operations of those kinds; nil if they can. Crops, flips and
// rectangles take any image.
func Augmentable(kinds uint32, c, h, w int) error {
	switch {
	case kinds != 0 && c != 3:
		return fmt.Errorf("images of %d channels have no colours to change", c)
	case kinds&^OfPixels != 0 && h*w > augmentPixels:
		return fmt.Errorf("images of %d x %d pixels are too large to move their pixels, which takes %d at most", h, w, augmentPixels)
	}
	return nil
}

// AugmentsWhole says whether images of c x h x w fit into the memory of a workgroup as whole pictures of three channels.
func AugmentsWhole(c, h, w int) bool { return c == 3 && h*w <= augmentPixels }

// Put writes the draw into DrawElements words. A draw of more than MaxAugmentOps operations is refused when the step is run.
func (d Draw) Put(words []uint32) {
	clear(words[:DrawElements])
	words[drawImage], words[drawTop], words[drawLeft] = uint32(d.Image), uint32(d.Top), uint32(d.Left)
	if d.Flip {
		words[drawFlip] = flipBit
	}
	if d.Reflect {
		words[drawFlip] |= reflectBit
	}
	for i, v := range []int{d.Erase.Top, d.Erase.Left, d.Erase.Height, d.Erase.Width} {
		words[drawErase+i] = uint32(v)
	}
	words[drawCount] = uint32(len(d.Ops))
	for i, s := range d.Ops[:min(len(d.Ops), MaxAugmentOps)] {
		s.put(words[drawOps+i*opElements:][:opElements])
	}
}

func (s AugmentOp) put(words []uint32) {
	words[0] = uint32(s.Kind)
	switch s.Kind {
	case Brightness, Contrast, Saturation, Sharpness:
		words[1] = math.Float32bits(s.Factor)
	case Affine:
		for i, v := range s.Affine {
			words[1+i] = uint32(v)
		}
	default:
		words[1] = uint32(s.Level)
	}
}

// DrawOf is the draw that Put wrote.
func DrawOf(words []uint32) Draw {
	signed := func(at int) int { return int(int32(words[at])) }
	d := Draw{
		Image: int(words[drawImage]), Top: signed(drawTop), Left: signed(drawLeft), Flip: words[drawFlip]&flipBit != 0, Reflect: words[drawFlip]&reflectBit != 0,
		Erase: Rectangle{signed(drawErase), signed(drawErase + 1), signed(drawErase + 2), signed(drawErase + 3)},
	}
	for i := range int(min(words[drawCount], MaxAugmentOps)) {
		d.Ops = append(d.Ops, augmentOpOf(words[drawOps+i*opElements:][:opElements]))
	}
	return d
}

func augmentOpOf(words []uint32) AugmentOp {
	s := AugmentOp{Kind: AugmentKind(words[0])}
	switch s.Kind {
	case Brightness, Contrast, Saturation, Sharpness:
		s.Factor = math.Float32frombits(words[1])
	case Affine:
		for i := range s.Affine {
			s.Affine[i] = int32(words[1+i])
		}
	default:
		s.Level = int(words[1])
	}
	return s
}

// Bit is the kind's bit in AugmentAttr.Kinds.
func (k AugmentKind) Bit() uint32 { return 1 << k }

// checkDraw refuses a draw that an op with those kinds cannot run.
func checkDraw(words []uint32, images int, kinds uint32) error {
	switch {
	case int64(words[drawImage]) >= int64(images):
		return fmt.Errorf("image %d, but there are only %d", words[drawImage], images)
	case words[drawCount] > MaxAugmentOps:
		return fmt.Errorf("%d operations, but at most %d are possible", words[drawCount], MaxAugmentOps)
	}
	for i := range int(words[drawCount]) {
		if kind := AugmentKind(words[drawOps+i*opElements]); kind >= augmentKinds || kinds&kind.Bit() == 0 {
			return fmt.Errorf("operation %d is of kind %d, for which the op was not written", i, kind)
		}
	}
	return nil
}
