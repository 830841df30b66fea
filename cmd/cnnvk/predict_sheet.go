package main

import (
	"fmt"
	"image"
	"io"
	"path/filepath"
	"strings"

	"cnnvk/cmd/cnnvk/chart"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/internal/pictures"
)

// A sheet has as many pictures and as many classes below each as people look at.
const (
	mostOnSheet    = 200
	mostBelowImage = 5
)

// thumbnail is a picture as a sheet has it: a small one in whole dots, a large one made smaller.
func thumbnail(m *pictures.RGB) *pictures.RGB {
	const side = chart.CellDots
	longer := max(m.Width, m.Height)
	if longer > side {
		return m.Resize(max(1, m.Width*side/longer), max(1, m.Height*side/longer))
	}
	zoom := side / longer
	out := &pictures.RGB{Width: m.Width * zoom, Height: m.Height * zoom}
	for y := range out.Height {
		for x := range out.Width {
			out.Pix = append(out.Pix, m.Pix[3*(y/zoom*m.Width+x/zoom):][:3]...)
		}
	}
	return out
}

// addCell puts a picture on the sheet.
func (p *predictions) addCell(r reading, found prediction) {
	if len(p.cells) == mostOnSheet {
		return
	}
	out := image.NewRGBA(image.Rect(0, 0, r.thumbnail.Width, r.thumbnail.Height))
	for i := range r.thumbnail.Width * r.thumbnail.Height {
		copy(out.Pix[4*i:], r.thumbnail.Pix[3*i:][:3])
		out.Pix[4*i+3] = 0xff
	}
	cell := chart.Cell{Image: out, Name: hints.OneLine(filepath.Base(r.name))}
	if r.name == standardInput {
		cell.Name = "standard input"
	}
	for _, g := range found.Top[:min(len(found.Top), mostBelowImage)] {
		cell.Found = append(cell.Found, chart.Found{Class: hints.OneLine(g.Class), Probability: g.Probability})
	}
	p.cells = append(p.cells, cell)
}

// drawSheet writes the sheet into the file that --out names.
func (p *predictions) drawSheet(weights string) error {
	title := fmt.Sprintf("%s, %s", p.Model, weights)
	if left := p.total - len(p.Unread) - len(p.cells); left > 0 {
		title += fmt.Sprintf(": the first %d of %d pictures", len(p.cells), left+len(p.cells))
	}
	encode := pictureEncoders[strings.ToLower(filepath.Ext(p.sheet))]
	picture := chart.Sheet(title, p.cells).Image()
	if err := files.WriteAtomically(p.sheet, func(w io.Writer) error { return encode(w, picture) }); err != nil {
		return fmt.Errorf("%s: %w", p.sheet, files.Reason(err))
	}
	return nil
}
