package chart

import (
	"image"
	"image/color"
	"image/draw"
	"strings"
	"testing"
)

// A sheet shows pictures dot by dot, and below each a bar as long as each probability.
func TestSheet(t *testing.T) {
	red, green := color.RGBA{0xff, 0, 0, 0xff}, color.RGBA{0, 0xff, 0, 0xff}
	checks := image.NewRGBA(image.Rect(0, 0, CellDots, CellDots)) // smeared, neither colour would be left
	for y := range CellDots {
		for x := range CellDots {
			checks.SetRGBA(x, y, [2]color.RGBA{red, green}[(x+y)%2])
		}
	}
	bar := func(found ...Found) (dots int, p image.Image) {
		p = Sheet("a title", []Cell{{Image: checks, Name: strings.Repeat("long ", 50), Found: found}}).Image()
		return has(p, barBlue), p
	}
	half, p := bar(Found{"", 0.5})
	if n := CellDots * CellDots / 2; has(p, red) != n || has(p, green) != n {
		t.Errorf("%d red and %d green dots, want %d each", has(p, red), has(p, green), n)
	}
	if all, _ := bar(Found{"", 0.5}, Found{"", 0.25}, Found{"", 0.25}); half == 0 || all < 19*half/10 || all > 2*half {
		t.Errorf("bars of 0.5 and of 1 in all have %d and %d dots", half, all)
	}
	if wide := p.Bounds().Dx(); wide != cellGap+2*(CellDots+cellGap) {
		t.Errorf("the sheet is %d dots wide", wide)
	}
}

// Many pictures stand in rows; a small one lies in the middle of its square.
func TestSheetOfMany(t *testing.T) {
	red := color.RGBA{0xff, 0, 0, 0xff}
	small := image.NewRGBA(image.Rect(0, 0, 20, 10))
	draw.Draw(small, small.Bounds(), image.NewUniform(red), image.Point{}, draw.Src)
	cells := make([]Cell, 30)
	for i := range cells {
		cells[i].Image = small
	}
	p := Sheet("", cells).Image()
	if has(p, red) != 30*200 || p.Bounds().Dx() != cellGap+6*(CellDots+cellGap) {
		t.Errorf("%d red dots in %v", has(p, red), p.Bounds())
	}
	if x, y := cellGap+CellDots/2, titleDots+CellDots/2; color.RGBAModel.Convert(p.At(x, y)) != red || color.RGBAModel.Convert(p.At(x, y+6)) != tray {
		t.Error("the small picture is not in the middle of its square")
	}
}
