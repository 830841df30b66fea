package chart

import (
	"image"
	"image/color"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Cell is a picture of a sheet and what was found in it.
type Cell struct {
	Image image.Image // CellDots wide or high at most; drawn dot by dot
	Name  string
	Found []Found // the most probable first
}

// Found is a class and its probability, 0 to 1.
type Found struct {
	Class       string
	Probability float64
}

// CellDots is the side of the square in which a sheet has a picture.
const CellDots = 224

// The measures of a sheet, in dots. They are whole ones, and so pictures are not smeared.
const (
	cellGap   = 20
	lineDots  = 21
	textInset = 4
	titleDots = 48
	mostWide  = 8 // pictures beside each other
)

// white, ink and grey are what is not a picture; bars are light, for words lie on them.
var (
	ink     = color.RGBA{0x20, 0x20, 0x20, 0xff}
	grey    = color.RGBA{0x70, 0x70, 0x70, 0xff}
	barBlue = color.RGBA{0xa6, 0xcd, 0xea, 0xff}
	tray    = color.RGBA{0xf2, 0xf2, 0xf2, 0xff}
)

// Sheet draws pictures beside and below each other, with what was found below each: a line for each class, its probability as a bar.
func Sheet(title string, cells []Cell) Picture {
	columns, lines := 1, 0
	for columns < min(mostWide, len(cells)) && columns*columns < len(cells) {
		columns++
	}
	columns = max(columns, min(3, len(cells)))
	for _, c := range cells {
		lines = max(lines, len(c.Found))
	}
	rows := (len(cells) + columns - 1) / columns
	height := CellDots + (1+lines)*lineDots + cellGap
	s := sheet{width: cellGap + max(columns, 2)*(CellDots+cellGap), height: titleDots + rows*height + cellGap/2}
	return Picture{dots(s.width), dots(s.height), func(c draw.Canvas) {
		s.canvas = c
		s.words(cellGap, titleDots/2, s.width-2*cellGap, title, 10, ink, text.XLeft)
		for i, cell := range cells {
			s.cell(cell, cellGap+i%columns*(CellDots+cellGap), titleDots+i/columns*height)
		}
	}}
}

// Image is the picture with DPI dots per inch.
func (p Picture) Image() image.Image {
	c := vgimg.NewWith(vgimg.UseWH(p.width, p.height), vgimg.UseDPI(DPI))
	p.draw(draw.New(c))
	return c.Image()
}

func dots(n int) vg.Length { return vg.Length(n) * vg.Inch / DPI }

// sheet is drawn in dots from the upper left corner.
type sheet struct {
	canvas        draw.Canvas
	width, height int
}

func (s sheet) cell(c Cell, left, top int) {
	s.fill(tray, left, top, CellDots, CellDots)
	b := c.Image.Bounds()
	x, y := left+(CellDots-b.Dx())/2, top+(CellDots-b.Dy())/2
	s.canvas.DrawImage(vg.Rectangle{Min: s.at(x, y+b.Dy()), Max: s.at(x+b.Dx(), y)}, c.Image)
	top += CellDots
	s.words(left, top+lineDots/2+2, CellDots, c.Name, 6.5, grey, text.XLeft)
	for i, f := range c.Found {
		line := top + (i+1)*lineDots
		s.fill(barBlue, left, line+1, max(1, int(f.Probability*CellDots+0.5)), lineDots-2)
		share := strconv.FormatFloat(100*f.Probability, 'f', 1, 64) + " %"
		taken := s.words(left+CellDots-textInset, line+lineDots/2, CellDots/2, share, 7, ink, text.XRight)
		s.words(left+textInset, line+lineDots/2, CellDots-3*textInset-taken, inWords(f.Class), 7, ink, text.XLeft)
	}
}

func (s sheet) fill(with color.Color, left, top, width, height int) {
	s.canvas.FillPolygon(with, []vg.Point{s.at(left, top), s.at(left+width, top), s.at(left+width, top+height), s.at(left, top+height)})
}

// words writes a line in that height of type, shortened to the room, with its middle at y. It returns how much it takes.
func (s sheet) words(x, y, room int, line string, points float64, in color.Color, align text.XAlignment) int {
	f := font.From(plot.DefaultFont, vg.Points(points))
	f.Variant = "Sans"
	style := draw.TextStyle{Color: in, Font: f, Handler: plot.DefaultTextHandler, XAlign: align, YAlign: text.YCenter}
	whole := []rune(line)
	for n := len(whole); style.Width(line) > dots(room) && n > 0; n-- {
		line = string(whole[:n]) + "…"
	}
	s.canvas.FillText(style, s.at(x, y), line)
	return int(style.Width(line)*DPI/vg.Inch) + 1
}

// at is a place of the canvas, whose y goes up.
func (s sheet) at(x, y int) vg.Point {
	return vg.Point{X: s.canvas.Min.X + dots(x), Y: s.canvas.Min.Y + dots(s.height-y)}
}
