package imagefolder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"cnnvk/internal/hints"
)

// picture is a PNG of one colour.
func picture(t *testing.T, width, height int, c color.RGBA) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		m.SetRGBA(i%width, i/width, c)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var red = color.RGBA{255, 0, 0, 255}

// tree writes files into the working folder: pictures, or nothing into those whose names end as no picture's.
func tree(t *testing.T, names ...string) {
	t.Helper()
	for i, name := range names {
		var data []byte
		if isPicture(name) {
			data = picture(t, 9, 9, color.RGBA{uint8(i), 100, 200, 255})
		}
		write(t, name, data)
	}
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// listed are the pictures of a source's part, as CLASS PATH, and its files that are none.
func listed(t *testing.T, where string, p Part) ([]string, int) {
	t.Helper()
	s, err := Find(t.Context(), where)
	if err != nil || s == nil {
		t.Fatal(s, err)
	}
	classes, err := s.classesOf(t.Context(), Options{}, []Part{p})
	if err != nil {
		t.Fatal(err)
	}
	found, others, err := s.parts[p].files(t.Context(), classes)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range found {
		out = append(out, classes[f.class]+" "+filepath.ToSlash(f.path))
	}
	return out, others
}

// Classes and files have torchvision's order: by code points, a class's folders at any depth by their whole paths, and in each the names.
func TestFolderOrder(t *testing.T) {
	t.Chdir(t.TempDir())
	tree(t, "d/cat/b.png", "d/cat/B.PNG", "d/cat/a/z.png", "d/cat/a-b/y.png", "d/cat/a/x/1.png", "d/Zebra/1.png", "d/ähre/1.png", "d/zoo/1.png",
		"d/cat/10.jpg", "d/cat/9.jpeg", "d/readme.txt", "d/top.png", "d/cat/notes.txt", "d/zoo/a.tif",
		"d/.git/1.png", "d/cat/.hidden.png", "d/cat/._b.png", "d/cat/.ipynb_checkpoints/b.png", "d/__MACOSX/cat/1.png", "d/cat/Thumbs.db", "d/.DS_Store", "d/cat/.DS_Store", "d/lost+found/x")
	got, others := listed(t, "d", Whole)
	want := []string{
		"Zebra d/Zebra/1.png",
		"cat d/cat/10.jpg", "cat d/cat/9.jpeg", "cat d/cat/B.PNG", "cat d/cat/b.png", "cat d/cat/a/z.png", "cat d/cat/a-b/y.png", "cat d/cat/a/x/1.png",
		"zoo d/zoo/1.png", "zoo d/zoo/a.tif",
		"ähre d/ähre/1.png",
	}
	if runtime.GOOS != "linux" { // file systems where b.png and B.PNG are one
		want = slices.DeleteFunc(want, func(s string) bool { return strings.HasSuffix(s, "B.PNG") })
		got = slices.DeleteFunc(got, func(s string) bool { return strings.HasSuffix(s, "B.PNG") })
	}
	if !slices.Equal(got, want) || others != 1 {
		t.Errorf("%q and %d others, want %q and 1", got, others, want)
	}
}

// Symbolic links are what they lead to. One that leads to a folder that it is in ends there.
func TestFolderLinks(t *testing.T) {
	t.Chdir(t.TempDir())
	tree(t, "far/1.png", "far/deep/2.png", "d/dog/1.png")
	for link, to := range map[string]string{
		"d/cat": "../far", "d/dog/round": "..", "d/dog/self": ".", "d/dog/other.png": "1.png", "d/dog/gone.png": "nowhere", "far/deep/up": "../../far",
	} {
		if err := os.Symlink(to, link); err != nil {
			t.Skip("no symbolic links: ", err)
		}
	}
	got, _ := listed(t, "d", Whole)
	want := []string{
		"cat d/cat/1.png", "cat d/cat/deep/2.png",
		"dog d/dog/1.png", "dog d/dog/gone.png", "dog d/dog/other.png",
		"dog d/dog/round/cat/1.png", "dog d/dog/round/cat/deep/2.png",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// checkError wants an error whose text and hint have these parts.
func checkError(t *testing.T, what string, err error, says, hint string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(hints.Of(err), hint) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: %v, hint %q; want %q and %q", what, err, hints.Of(err), says, hint)
	}
}

// What is wrong with a folder is said of the folder that it is wrong with.
func TestFolderErrors(t *testing.T) {
	for _, c := range []struct {
		what, names string // names of files, blanks between
		parts       []Part
		says, hint  string
	}{
		{"an empty class", "d/cat/1.png d/dog/readme.txt", []Part{Whole}, "imagefolder: d/dog: is the folder of a class, and has no pictures", "PNG, JPEG"},
		{"one class", "d/cat/1.png", []Part{Whole}, "d: has one class only, cat", ""},
		{"no classes", "d/1.png d/2.png", nil, "d: has no folders of classes", "DIR/cat/1.png"},
		{"names of one case", "d/Cat/1.png d/cat/1.png d/dog/1.png", []Part{Whole}, "d: has the classes Cat and cat, which differ in upper and lower case alone", ""},
		{"one class to train on", "d/train/cat/1.png d/val/cat/1.png", []Part{Train}, "d/train: has one class only, cat", ""},
		{"another class to validate", "d/train/cat/1.png d/train/dog/1.png d/val/cat/1.png d/val/dog/1.png d/val/cow/1.png", []Part{Train, Val}, "d/val/cow: is no class of d train", "cat, dog"},
		{"a class of another case", "d/train/cat/1.png d/train/dog/1.png d/test/Cat/1.png d/test/dog/1.png", []Part{Test}, "d/test/Cat: is no class of d train", "cat, dog"},
		{"a class less to test", "d/train/cat/1.png d/train/dog/1.png d/test/cat/1.png", []Part{Test}, "d/test: lacks the class dog of d train", "cat, dog"},
		{"a part twice", "d/train/cat/1.png d/val/cat/1.png d/valid/cat/1.png", nil, "d: has val and valid, which are the same part", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			if runtime.GOOS != "linux" && strings.Contains(c.names, "Cat") {
				t.Skip("a file system where Cat and cat are one")
			}
			t.Chdir(t.TempDir())
			tree(t, strings.Fields(c.names)...)
			s, err := Find(t.Context(), "d")
			if err == nil {
				_, err = s.Read(t.Context(), small(), c.parts...)
			}
			checkError(t, c.what, err, filepath.FromSlash(c.says), c.hint)
		})
	}
	t.Run("more classes than a byte counts", func(t *testing.T) {
		t.Chdir(t.TempDir())
		for i := range 257 {
			write(t, fmt.Sprintf("d/%d/1.png", i), nil)
		}
		s, err := Find(t.Context(), "d")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Read(t.Context(), small(), Whole)
		checkError(t, "257", err, "d: has 257 classes: 256 at most", "")
	})
	t.Run("not the weights' classes", func(t *testing.T) {
		t.Chdir(t.TempDir())
		tree(t, "d/cat/1.png", "d/dog/1.png")
		s, err := Find(t.Context(), "d")
		if err != nil {
			t.Fatal(err)
		}
		o := small()
		o.Classes = []string{"cat", "cow"}
		_, err = s.Read(t.Context(), o, Whole)
		checkError(t, "weights", err, filepath.FromSlash("d/dog: is no class of the weights"), "cat, cow")
	})
}

// Find takes the first form that is there, and nothing for what is another's.
func TestFind(t *testing.T) {
	for _, c := range []struct {
		names, where string
		parts        []Part // nil for nothing found
		evaluated    Part
	}{
		{"d/cat/1.png d/dog/1.png", "d", []Part{Whole}, Whole},
		{"d/train/cat/1.png d/val/cat/1.png d/test/cat/1.png d/annotations/x.txt", "d", []Part{Train, Val, Test}, Test},
		{"d/Training/cat/1.png d/Testing/cat/1.png", "d", []Part{Train, Test}, Test},
		{"d/train/cat/1.png d/validation/cat/1.png d/test/1.png", "d", []Part{Train, Val}, Val},
		{"d/train/cat/1.png", "d", []Part{Train}, Train},
		{"d/train/1.png d/plane/1.png d/test/1.png", "d", []Part{Whole}, Whole}, // classes
		{"d/train.csv d/test.csv d/images/1.png", "d", []Part{Train, Test}, Test},
		{"d/labels.csv d/images/1.png", "d", []Part{Whole}, Whole},
		{"d/labels.csv d/train/cat/1.png", "d", []Part{Train}, Train},
		{"d/mine.csv d/1.png", "d/mine.csv", []Part{Whole}, Whole},
		{"d/mine.csv", "d", nil, Whole},
		{"d/mine.txt", "d/mine.txt", nil, Whole},
		{"d/train.bin d/test.bin", "d", nil, Whole},
		{"d/1.png", "elsewhere", nil, Whole},
		{"d/notes/1.txt d/more/deep/2.txt", "d", nil, Whole}, // no picture in any
		{"d/notes/1.txt d/zoo/deep/2.png", "d", []Part{Whole}, Whole},
	} {
		t.Run(c.names, func(t *testing.T) {
			t.Chdir(t.TempDir())
			tree(t, strings.Fields(c.names)...)
			s, err := Find(t.Context(), c.where)
			if err != nil {
				t.Fatal(err)
			}
			if s == nil || c.parts == nil {
				if s != nil || c.parts != nil {
					t.Errorf("found %v, want %v", s, c.parts)
				}
				return
			}
			if !slices.Equal(s.Parts(), c.parts) || s.ToEvaluate() != c.evaluated {
				t.Errorf("found %q, %q is evaluated; want %q and %q", s.Parts(), s.ToEvaluate(), c.parts, c.evaluated)
			}
		})
	}
}

// A part to test on alone is evaluated, and not trained on.
func TestNothingToTrain(t *testing.T) {
	t.Chdir(t.TempDir())
	tree(t, "d/test/cat/1.png", "d/test/dog/1.png")
	s, err := Find(t.Context(), "d")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.ToTrain()
	checkError(t, "test alone", err, "d: has no part to train on", filepath.Join("d", "train"))
	if p, err := s.Read(t.Context(), small(), s.ToEvaluate()); err != nil || p.Len() != 2 {
		t.Error(p, err)
	}
}

// A long walk ends with its context.
func TestWalkStops(t *testing.T) {
	t.Chdir(t.TempDir())
	tree(t, "d/cat/1.png", "d/dog/1.png")
	s, err := Find(t.Context(), "d")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Read(ctx, small(), Whole); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
