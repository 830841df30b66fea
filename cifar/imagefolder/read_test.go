package imagefolder

import (
	"bytes"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"cnnvk/internal/pictures"
)

// small are options for images of 8x8, without a cache.
func small() Options { return Options{Height: 8, Width: 8, Channels: 3, Fit: pictures.Squash} }

// readIn finds and reads parts in d.
func readIn(t *testing.T, o Options, parts ...Part) *Pictures {
	t.Helper()
	s, err := Find(t.Context(), "d")
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Read(t.Context(), o, parts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The images are planes, in their order, and the parts lie one behind the other.
func TestRead(t *testing.T) {
	t.Chdir(t.TempDir())
	colours := map[string]color.RGBA{
		"train/cat/1": {255, 0, 0, 255}, "train/dog/1": {0, 255, 0, 255}, "train/dog/2": {0, 0, 255, 255}, "val/cat/1": {10, 20, 30, 255}, "val/dog/1": {40, 50, 60, 255},
	}
	for name, c := range colours {
		write(t, "d/"+name+".png", picture(t, 12, 20, c))
	}
	p := readIn(t, small(), Train, Val)
	if !slices.Equal(p.Labels, []uint8{0, 1, 1, 0, 1}) || p.Validation != 2 || !p.Pictures() || p.Name != "d train" || !slices.Equal(p.Form.Classes, []string{"cat", "dog"}) {
		t.Errorf("%v, %d to validate, %q, %v", p.Labels, p.Validation, p.Name, p.Form)
	}
	for i, name := range []string{"train/cat/1", "train/dog/1", "train/dog/2", "val/cat/1", "val/dog/1"} {
		c := colours[name]
		for channel, want := range []uint8{c.R, c.G, c.B} {
			if plane := p.Images[(i*3+channel)*64:][:64]; plane[0] != want || plane[63] != want {
				t.Errorf("%s: channel %d is %v, want %d", name, channel, plane, want)
			}
		}
	}
	grey := small()
	grey.Channels = 1
	p = readIn(t, grey, Train)
	for i, want := range []uint8{76, 150, 29} { // Pillow's convert("L") of red, green and blue
		if p.Images[i*64] != want {
			t.Errorf("grey image %d is %d, want %d", i, p.Images[i*64], want)
		}
	}
}

// What a training depends on changes the checksum, and nothing else does.
func TestIdentity(t *testing.T) {
	t.Chdir(t.TempDir())
	tree(t, "d/train/cat/1.png", "d/train/dog/1.png", "d/train/dog/2.png", "d/val/cat/1.png", "d/val/dog/1.png")
	sum := func(o Options, parts ...Part) string {
		t.Helper()
		return readIn(t, o, parts...).MD5
	}
	was := sum(small(), Train, Val)
	for _, procs := range []int{1, 2, 7} {
		before := runtime.GOMAXPROCS(procs)
		if is := sum(small(), Train, Val); is != was {
			t.Errorf("%d processors: %s, want %s", procs, is, was)
		}
		runtime.GOMAXPROCS(before)
	}
	seen := map[string]string{was: "the set"}
	differs := func(what, is string) {
		t.Helper()
		if of, twice := seen[is]; twice {
			t.Errorf("%s has the checksum of %s", what, of)
		}
		seen[is] = what
	}
	differs("without validation", sum(small(), Train))
	larger, crop := small(), small()
	larger.Width, crop.Fit = 9, pictures.Crop
	differs("a larger side", sum(larger, Train, Val))
	differs("cropped", sum(crop, Train, Val))
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	move("d/train/dog/1.png", "d/train/dog/0.png")
	if is := sum(small(), Train, Val); is != was {
		t.Error("a file's name changes the checksum")
	}
	move("d/train/dog/0.png", "d/train/cat/2.png")
	differs("another label", sum(small(), Train, Val))
	move("d/train/cat/2.png", "d/train/dog/0.png")
	move("d/train/dog/0.png", "d/train/dog/3.png") // behind the other
	differs("another order", sum(small(), Train, Val))
	move("d/train/dog/3.png", "d/train/dog/1.png")
	move("d/train/dog", "d/train/duck")
	move("d/val/dog", "d/val/duck")
	differs("another name of a class", sum(small(), Train, Val))
}

// Pictures that cannot be read are left out and named; the others keep their order and labels. More than 1 in 100 are too many.
func TestBad(t *testing.T) {
	t.Chdir(t.TempDir())
	good := picture(t, 9, 9, red)
	for i := range 200 {
		write(t, fmt.Sprintf("d/%s/%03d.png", []string{"cat", "dog"}[i/100], i), good)
	}
	check := func(says string) *Pictures {
		t.Helper()
		p := readIn(t, small(), Whole)
		err := p.CheckBad("d")
		if says == "" && err != nil {
			t.Error(err)
		} else if says != "" {
			checkError(t, says, err, filepath.FromSlash(says), "data info")
		}
		return p
	}
	check("")
	write(t, "d/cat/005.png", good[:len(good)/2])
	write(t, "d/dog/150.png", []byte("<!DOCTYPE html><html>"))
	p := check("")
	if p.Len() != 198 || len(p.Images) != 198*192 || bytes.Count(p.Labels, []byte{1}) != 99 || p.Parts[0].Bad != 2 || p.Parts[0].Images != 198 {
		t.Errorf("%d images, parts %+v", p.Len(), p.Parts)
	}
	if len(p.Bad) != 2 || p.Bad[0].File != filepath.FromSlash("d/cat/005.png") || !strings.Contains(p.Bad[1].Reason, "a web page (HTML)") {
		t.Errorf("bad: %+v", p.Bad)
	}
	for i := range p.Len() {
		if p.Images[i*192] != 255 {
			t.Errorf("image %d is not the picture", i)
		}
	}
	write(t, "d/dog/151.png", nil)
	check("3 of 200 pictures cannot be read, more than 1 in 100: d/cat/005.png: ")
}

// A class of which nothing can be read is an error though few are bad.
func TestBadClass(t *testing.T) {
	t.Chdir(t.TempDir())
	good := picture(t, 9, 9, red)
	for i := range 100 {
		write(t, fmt.Sprintf("d/cat/%d.png", i), good)
	}
	write(t, "d/dog/1.png", nil)
	err := readIn(t, small(), Whole).CheckBad("d")
	checkError(t, "no dog", err, "d: no picture of the class dog can be read", "data info")
}
