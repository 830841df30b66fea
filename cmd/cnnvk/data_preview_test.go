package main

import (
	"image/png"
	"os"
	"testing"
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
	if w, h := sheet.Bounds().Dx(), sheet.Bounds().Dy(); w != 4+4*100+12 || h != 4+2*100 {
		t.Errorf("the sheet is %d x %d", w, h)
	}
}
