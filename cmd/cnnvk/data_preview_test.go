package main

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"
	"testing"

	"cnnvk/cifar"
)

// The sheet has an original and an image for each epoch in every row.
func TestDataPreview(t *testing.T) {
	emptyFolder(t)
	cnnvk("data", "preview", "--data", "synthetic", "--device", "cpu", "-o", "sheet.png", "--images", "2", "--epochs", "3").ok(t)
	f, err := os.Open("sheet.png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sheet, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	set := cifar.Synthetic(0, testImages)
	zoom, changed := zoom(cifar.CIFAR100), false
	cell := cifar.Side * zoom
	for row := range 2 {
		for i := range cifar.Side * cifar.Side {
			x, y := i%cifar.Side*zoom, i/cifar.Side*zoom+row*(cell+gap)
			original := color.RGBAModel.Convert(sheet.At(gap+x, gap+y)).(color.RGBA)
			plane := set.Images[row*cifar.ImageBytes:]
			if want := (color.RGBA{plane[i], plane[i+1024], plane[i+2048], 255}); original != want {
				t.Fatalf("pixel %d of image %d is %v, want %v", i, row, original, want)
			}
			changed = changed || color.RGBAModel.Convert(sheet.At(wideGap+gap+cell+x, gap+y)) != original
		}
	}
	if !changed {
		t.Error("the first epoch's images are the originals")
	}
	if w, h := sheet.Bounds().Dx(), sheet.Bounds().Dy(); w != 4+4*100+12 || h != 4+2*100 {
		t.Errorf("the sheet is %d x %d", w, h)
	}
}

// The ending decides what the picture is written as.
func TestDataPreviewEnding(t *testing.T) {
	emptyFolder(t)
	for name, want := range map[string]string{"a.png": "png", "b.PNG": "png", "c.jpg": "jpeg", "d.jpeg": "jpeg", "e.JPG": "jpeg"} {
		cnnvk("data", "preview", "--data", "synthetic", "--device", "cpu", "-o", name, "--images", "1", "--epochs", "1").ok(t)
		picture, format, err := image.DecodeConfig(strings.NewReader(read(t, name)))
		if err != nil || format != want || picture.Width != 4+2*100+12 {
			t.Errorf("%s: %s, %+v, %v", name, format, picture, err)
		}
	}
}
