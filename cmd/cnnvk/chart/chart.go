// Package chart draws what people look at: the curves of a training, the accuracy of each class, the confusion of classes.
// It knows numbers and names, no networks.
package chart

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Picture is a drawing of a size, that can be written in either form.
type Picture struct {
	width, height vg.Length
	draw          func(draw.Canvas)
}

// DPI is how many dots an inch has for people to look at.
const DPI = 144

// PNG writes the picture with DPI dots per inch.
func (p Picture) PNG(w io.Writer) error { return p.At(DPI)(w) }

// At is PNG with that many dots per inch. Few are written fast.
func (p Picture) At(dpi int) func(io.Writer) error {
	return func(w io.Writer) error {
		c := vgimg.NewWith(vgimg.UseWH(p.width, p.height), vgimg.UseDPI(dpi))
		p.draw(draw.New(c))
		return writeTo(vgimg.PngCanvas{Canvas: c}, w)
	}
}

// SVG writes the picture as vectors.
func (p Picture) SVG(w io.Writer) error {
	c := vgsvg.New(p.width, p.height)
	p.draw(draw.New(c))
	return writeTo(c, w)
}

func writeTo(c io.WriterTo, w io.Writer) error {
	if _, err := c.WriteTo(w); err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	return nil
}

// The colours of the Okabe-Ito set, which those who see few colours tell apart, too.
var (
	blue   = color.RGBA{0x00, 0x72, 0xb2, 0xff}
	orange = color.RGBA{0xd5, 0x5e, 0x00, 0xff}
	faint  = color.RGBA{0xe0, 0xe0, 0xe0, 0xff}
)

// stacked draws plots below each other, their axes aligned.
func stacked(c draw.Canvas, plots []*plot.Plot) {
	rows := make([][]*plot.Plot, len(plots))
	for i, p := range plots {
		rows[i] = []*plot.Plot{p}
	}
	tiles := draw.Tiles{Rows: len(plots), Cols: 1, PadY: vg.Points(8), PadX: vg.Points(4), PadTop: vg.Points(6), PadBottom: vg.Points(4), PadLeft: vg.Points(4), PadRight: vg.Points(12)}
	for i, row := range plot.Align(rows, tiles, c) {
		plots[i].Draw(row[0])
	}
}
