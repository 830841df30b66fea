package cifar

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"
)

func TestSynthetic(t *testing.T) {
	set := Synthetic(42, 250)
	if set.Len() != 250 || len(set.Images) != 250*ImageBytes || !set.Synthetic || set.Name != "synthetic (seed 42)" {
		t.Fatalf("%d images in %d bytes, synthetic %v, name %q", set.Len(), len(set.Images), set.Synthetic, set.Name)
	}
	for i := range 250 {
		if int(set.Labels[i]) != i%100 || int(set.Coarse[i]) != i%100/5 {
			t.Fatalf("image %d: labels %d, %d", i, set.Labels[i], set.Coarse[i])
		}
	}
	if lo, hi := slices.Min(set.Images), slices.Max(set.Images); lo < 9 || hi > 245 || lo > 40 || hi < 215 {
		t.Errorf("pixels %d to %d, expected nearly 9 to 245", lo, hi)
	}
	// Fixed for good, on every machine: stored runs speak of it. (From a Python script of its own.)
	if want := "9582bf7fb3d1f26163cc6aa3e4c31f20"; set.MD5 != want {
		t.Errorf("MD5 %s, want %s", set.MD5, want)
	}
	if short := Synthetic(42, 120); !bytes.Equal(short.Images, set.Images[:len(short.Images)]) {
		t.Error("a shorter set is not the start of a longer one")
	}
	if other := Synthetic(43, 1); bytes.Equal(other.Images, set.Images[:ImageBytes]) {
		t.Error("another seed gives the same image")
	}
	if n := Synthetic(1, -1).Len(); n != 0 {
		t.Errorf("%d images of -1", n)
	}
}

// What is written in the published layout is read back whole. Checksums are made of several pieces beside the images.
func TestWriteRecords(t *testing.T) {
	const n = 2*sumPiece + 88
	dir, set := t.TempDir(), Synthetic(9, n)
	var b bytes.Buffer
	if err := set.writeRecords(&b); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "test.bin"), b.Bytes())
	got, err := readPart(dir, part100("test.bin", "test", "", n))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Images, set.Images) || !bytes.Equal(got.Labels, set.Labels) || !bytes.Equal(got.Coarse, set.Coarse) || got.MD5 != set.MD5 {
		t.Error("the set read back differs")
	}
	if want := fmt.Sprintf("%x", md5.Sum(b.Bytes())); set.MD5 != want {
		t.Errorf("MD5 %s, want %s", set.MD5, want)
	}
	if err := set.writeRecords(fullDisk{}); !errors.Is(err, errFull) {
		t.Errorf("a failed write gave %v", err)
	}
}

var errFull = errors.New("disk full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

// The classes can be told apart on images not seen before, by nothing finer than the means of the
// channels and the mean difference of pixels some way apart: what a small network learns at once.
func TestSyntheticLearnable(t *testing.T) {
	train, test := Synthetic(1, 1000), Synthetic(2, 500)
	var centre [100][]float64
	for i := range train.Len() {
		f := features(train.Images[i*ImageBytes:][:ImageBytes])
		c := &centre[train.Labels[i]]
		if *c == nil {
			*c = make([]float64, len(f))
		}
		for k := range f {
			(*c)[k] += f[k] / float64(train.Len()/100)
		}
	}
	right := 0
	for i := range test.Len() {
		if nearest(centre[:], features(test.Images[i*ImageBytes:][:ImageBytes])) == int(test.Labels[i]) {
			right++
		}
	}
	if right < test.Len()*8/10 {
		t.Errorf("%d of %d right", right, test.Len())
	}
}

func nearest(centres [][]float64, f []float64) int {
	best, least := -1, math.Inf(1)
	for i, c := range centres {
		d := 0.0
		for k := range f {
			d += (f[k] - c[k]) * (f[k] - c[k])
		}
		if d < least {
			best, least = i, d
		}
	}
	return best
}

// features returns the three channels' means and, for some steps right and down, the mean absolute
// difference of pixels that far apart, weighted to a like scale.
func features(image []byte) []float64 {
	var f []float64
	for c := range Channels {
		sum := 0.0
		for _, x := range image[c*Side*Side:][:Side*Side] {
			sum += float64(x)
		}
		f = append(f, sum/(Side*Side))
	}
	for _, step := range [][2]int{{8, 0}, {0, 8}, {3, 0}, {0, 3}, {5, 5}, {5, -5}} {
		sum, n := 0.0, 0
		for y := range Side {
			for x := range Side {
				if u, v := x+step[0], y+step[1]; u < Side && v >= 0 && v < Side {
					sum += math.Abs(float64(image[y*Side+x]) - float64(image[v*Side+u]))
					n++
				}
			}
		}
		f = append(f, 5*sum/float64(n))
	}
	return f
}

// Sets of other forms have that form, all classes alike often, and no two classes that look alike.
func TestSyntheticOf(t *testing.T) {
	for _, c := range []struct{ c, h, w, classes int }{{1, 28, 28, 10}, {1, 9, 17, MostSynthetic(1)}, {2, 8, 12, 45}, {3, 64, 64, 20}, {3, 16, 16, 135}, {4, 8, 8, 256}} {
		f := SyntheticForm("made", c.c, c.h, c.w, c.classes)
		n := 4 * c.classes
		set := SyntheticOf(f, 1, n)
		if set.Len() != n || len(set.Images) != n*c.c*c.h*c.w || set.Coarse != nil || !set.Synthetic || len(f.Classes) != c.classes {
			t.Fatalf("%+v: %d images in %d bytes", c, set.Len(), len(set.Images))
		}
		count := make([]int, c.classes)
		for _, l := range set.Labels {
			count[l]++
		}
		if slices.Min(count) != 4 || slices.Max(count) != 4 {
			t.Errorf("%+v: classes of %d to %d images", c, slices.Min(count), slices.Max(count))
		}
		if lo, hi := slices.Min(set.Images), slices.Max(set.Images); lo < 9 || hi > 245 {
			t.Errorf("%+v: pixels %d to %d", c, lo, hi)
		}
		if short := SyntheticOf(f, 1, 7); !bytes.Equal(short.Images, set.Images[:len(short.Images)]) || short.MD5 == set.MD5 {
			t.Errorf("%+v: a shorter set is not the start of a longer one", c)
		}
		seen := map[string]bool{}
		for class := range c.classes {
			seen[fmt.Sprint(gratings[class%len(gratings)], colour(class/len(gratings), c.c))] = true
		}
		if len(seen) != c.classes {
			t.Errorf("%+v: %d looks for %d classes", c, len(seen), c.classes)
		}
	}
	for channels, want := range map[int]int{1: 15, 2: 45, 3: 135, 4: 256} {
		if got := MostSynthetic(channels); got != want {
			t.Errorf("%d channels: %d classes, want %d", channels, got, want)
		}
	}
}
