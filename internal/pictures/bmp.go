package pictures

import (
	"encoding/binary"
	"fmt"
)

// decodeBMP reads the forms that Pillow reads, but for compressed ones: 1, 4, 8, 16, 24 and 32 bits a pixel, rows from either end, headers of OS/2
// and Windows. Package bmp of golang.org/x/image has no 16 bits, no masks and no OS/2.
func decodeBMP(data []byte) (*RGB, error) {
	b, err := readBMPHeader(data)
	if err != nil {
		return nil, err
	}
	if err := checkSize(data, b.width, b.height, 3); err != nil {
		return nil, err
	}
	stride := (b.width*b.bits + 31) / 32 * 4
	if len(data)-b.pixels < stride*(b.height-1)+(b.width*b.bits+7)/8 {
		return nil, errCut
	}
	out := newRGB(b.width, b.height)
	for y := range out.Height {
		row := data[b.pixels+y*stride:]
		if !b.fromTop {
			y = out.Height - 1 - y
		}
		b.row(out.Pix[3*y*out.Width:][:3*out.Width], row)
	}
	return out, nil
}

// bmp is a BMP's header.
type bmp struct {
	width, height, bits int
	fromTop             bool
	pixels              int // where they begin
	palette             [256][3]byte
	masks               [3]uint32 // of red, green and blue, for 16 and 32 bits
}

// The ways to store a BMP's pixels that are read.
const (
	bmpRaw    = 0
	bmpMasked = 3
)

func readBMPHeader(data []byte) (b bmp, err error) {
	if len(data) < 26 {
		return b, errCut
	}
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(data[at:])) }
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(data[at:]) }
	size, compression, colours := u32(14), uint32(bmpRaw), uint32(0)
	after := 14 + int(size)
	entry := 4 // bytes of a colour
	switch size {
	case 12: // OS/2
		b.width, b.height, b.bits, entry = u16(18), u16(20), u16(24), 3
	case 40, 64, 108, 124:
		if len(data) < after {
			return b, errCut
		}
		height := int64(int32(u32(22)))
		b.fromTop = height < 0
		b.width, b.height, b.bits, compression, colours = int(int32(u32(18))), int(max(height, -height)), u16(28), u32(30), u32(46)
	default:
		return b, fmt.Errorf("a header of %d bytes", size)
	}
	if int64(u32(10)) > int64(len(data)) {
		return b, errCut
	}
	b.pixels = int(u32(10))
	switch {
	case compression == bmpMasked && b.bits >= 16:
		if after, err = b.readMasks(data, after); err != nil {
			return b, err
		}
	case compression != bmpRaw:
		return b, fmt.Errorf("pixels are compressed (kind %d)", compression)
	case b.bits == 16:
		b.masks = [3]uint32{0x7c00, 0x3e0, 0x1f}
	case b.bits == 32:
		b.masks = [3]uint32{0xff0000, 0xff00, 0xff}
	}
	switch b.bits {
	case 1, 4, 8:
		if after, err = b.readPalette(data[after:], colours, entry, after); err != nil {
			return b, err
		}
	case 16, 24, 32:
	default:
		return b, fmt.Errorf("%d bits a pixel", b.bits)
	}
	if b.pixels == 0 || b.pixels == 14+int(size) { // some programs do not count the palette
		b.pixels = after
	}
	if b.pixels > len(data) {
		return b, errCut
	}
	return b, nil
}

// readMasks reads which bits are red, green and blue: of the header, or of the twelve bytes after a short one.
func (b *bmp) readMasks(data []byte, after int) (int, error) {
	const at = 54
	if after < at+12 {
		after = at + 12
	}
	if len(data) < after {
		return after, errCut
	}
	for c := range b.masks {
		b.masks[c] = binary.LittleEndian.Uint32(data[at+4*c:])
	}
	known := map[int][][3]uint32{
		16: {{0xf800, 0x7e0, 0x1f}, {0x7c00, 0x3e0, 0x1f}},
		24: {{0xff0000, 0xff00, 0xff}},
		32: {{0xff0000, 0xff00, 0xff}, {0xff000000, 0xff0000, 0xff00}, {0xff, 0xff00, 0xff0000}, {}},
	}
	for _, k := range known[b.bits] {
		if b.masks == k {
			if k == ([3]uint32{}) {
				b.masks = [3]uint32{0xff0000, 0xff00, 0xff}
			}
			return after, nil
		}
	}
	return after, fmt.Errorf("colours in the bits %x, %x and %x", b.masks[0], b.masks[1], b.masks[2])
}

// readPalette reads so many colours, all that the bits can name if 0, from the bytes after the header.
func (b *bmp) readPalette(data []byte, colours uint32, entry, after int) (int, error) {
	n := 1 << b.bits
	if colours > 0 && colours < 1<<16 {
		n = int(colours)
	}
	if len(data) < n*entry {
		return 0, errCut
	}
	for i := range b.palette {
		b.palette[i] = [3]byte{byte(i), byte(i), byte(i)} // as Pillow's palettes begin
		if i < n {
			p := data[i*entry:]
			b.palette[i] = [3]byte{p[2], p[1], p[0]}
		}
	}
	return after + n*entry, nil
}

// row converts a row's bytes.
func (b *bmp) row(to, from []byte) {
	for x := range b.width {
		var p [3]byte
		switch b.bits {
		case 24:
			p = [3]byte{from[3*x+2], from[3*x+1], from[3*x]}
		case 16:
			p = b.masked(uint32(binary.LittleEndian.Uint16(from[2*x:])))
		case 32:
			p = b.masked(binary.LittleEndian.Uint32(from[4*x:]))
		default:
			bit := x * b.bits
			p = b.palette[from[bit/8]>>(8-b.bits-bit%8)&(1<<b.bits-1)]
		}
		copy(to[3*x:], p[:])
	}
}

// masked is a pixel's colours, each brought to 0..255.
func (b *bmp) masked(v uint32) (p [3]byte) {
	for c, mask := range b.masks {
		low := mask & -mask
		p[c] = byte((v & mask) / low * 255 / (mask / low))
	}
	return p
}
