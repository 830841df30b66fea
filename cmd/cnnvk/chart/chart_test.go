package chart

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"
)

// forms draws a picture both ways.
func forms(t *testing.T, p Picture, err error) (image.Image, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var raster, vector bytes.Buffer
	if err := p.PNG(&raster); err != nil {
		t.Fatal(err)
	}
	if err := p.SVG(&vector); err != nil {
		t.Fatal(err)
	}
	out, err := png.Decode(&raster)
	if err != nil {
		t.Fatal(err)
	}
	return out, vector.String()
}

// has counts the pixels of a colour.
func has(p image.Image, c color.RGBA) (n int) {
	for y := range p.Bounds().Dy() {
		for x := range p.Bounds().Dx() {
			if color.RGBAModel.Convert(p.At(x, y)) == c {
				n++
			}
		}
	}
	return n
}

func contains(t *testing.T, svg string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(svg, ">"+w+"<") {
			t.Errorf("the picture does not say %q", w)
		}
	}
}

func TestCurves(t *testing.T) {
	none := math.NaN()
	p, err := Curves("a run", []Epoch{{1, 4.3, 0.05, 4.6, 0.01, 2e-4}, {2, 4.0, 0.1, 4.2, 0.06, 4e-4}, {3, 3.8, 0.14, none, none, 6e-4}})
	raster, svg := forms(t, p, err)
	contains(t, svg, "a run", "loss", "accuracy, %", "learning rate", "epoch", "training", "validation")
	if has(raster, blue) == 0 || has(raster, orange) == 0 {
		t.Error("a curve is missing")
	}
	p, err = Curves("no validation", []Epoch{{1, 4.3, 0.05, none, none, 1e-3}})
	raster, svg = forms(t, p, err)
	if has(raster, orange) != 0 || strings.Contains(svg, ">validation<") {
		t.Error("there is no validation to draw")
	}
	p, err = Curves("nothing yet", nil)
	forms(t, p, err)
}

func TestClasses(t *testing.T) {
	p, err := Classes("by class", []string{"oak_tree", "bee", "can"}, []float64{0.2, 0.9, 0.9})
	_, svg := forms(t, p, err)
	contains(t, svg, "by class", "oak tree", "bee", "can", "100")
	if oak, bee, can := strings.Index(svg, ">oak tree<"), strings.Index(svg, ">bee<"), strings.Index(svg, ">can<"); !(oak < can && can < bee) {
		t.Errorf("from below: oak tree at %d, can at %d, bee at %d", oak, can, bee)
	}
}

func TestConfusion(t *testing.T) {
	p, err := Confusion("all right", 4, []int{9, 0, 0, 0, 0, 9, 0, 0, 0, 0, 9, 0, 0, 0, 0, 9}, []Group{{"fish", 0}, {"trees", 2}})
	raster, svg := forms(t, p, err)
	contains(t, svg, "all right", "fish", "trees", "found", "label")
	b := raster.Bounds()
	dark := color.RGBA{0x08, 0x30, 0x6b, 0xff}
	if share := float64(has(raster, dark)) / float64(b.Dx()*b.Dy()); share < 0.05 || share > 0.25 {
		t.Errorf("%.2f of the picture is dark, want a diagonal of four squares", share)
	}
	if s := (shares{2, []int{3, 1, 0, 0}}); s.Z(0, 1) != 0.75 || s.Z(1, 1) != 0.25 || s.Z(0, 0) != 0 {
		t.Error("shares are of a row, the first on top; of a class without images they are 0")
	}
}
