package pictures

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"
	"testing"
)

// goldens is what Pillow makes of the pictures of testdata, as digest.
func goldens(t *testing.T) (g struct{ Decode, Resize, Grey map[string]string }) {
	t.Helper()
	data, err := os.ReadFile("testdata/pillow.json")
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil || len(g.Decode) < 100 || len(g.Resize) < 100 || len(g.Grey) == 0 {
		t.Fatalf("%d, %d and %d goldens, %v", len(g.Decode), len(g.Resize), len(g.Grey), err)
	}
	return g
}

func digest(m *RGB) string {
	sum := sha256.Sum256(m.Pix)
	return fmt.Sprintf("%dx%d %x", m.Width, m.Height, sum[:8])
}

// pixels reads a golden of a JPEG.
func pixels(t *testing.T, path string) *RGB {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out := newRGB(m.Bounds().Dx(), m.Bounds().Dy())
	for i := range out.Width * out.Height {
		c := color.NRGBAModel.Convert(m.At(i%out.Width, i/out.Width)).(color.NRGBA)
		copy(out.Pix[3*i:], []byte{c.R, c.G, c.B})
	}
	return out
}

// difference is by how much two pictures differ.
func difference(a, b *RGB) (mean float64, most int, at image.Point) {
	for i := range a.Pix {
		d := int(a.Pix[i]) - int(b.Pix[i])
		d = max(d, -d)
		mean += float64(d) / float64(len(a.Pix))
		if d > most {
			most, at = d, image.Pt(i/3%a.Width, i/3/a.Width)
		}
	}
	return mean, most, at
}

// TestDecode holds every form against Pillow's pixels.
func TestDecode(t *testing.T) {
	for name, want := range goldens(t).Decode {
		m, err := Open("testdata/decode/" + name)
		switch {
		case want == "":
			if err == nil || !strings.Contains(err.Error(), name+": BMP: colours in the bits") {
				t.Errorf("%s, which Pillow refuses: %v", name, err)
			}
		case err != nil:
			t.Error(err)
		case strings.HasSuffix(name, ".jpg"):
			golden := pixels(t, "testdata/decode/"+name+".rgb.png")
			if digest(golden) != want {
				t.Fatalf("%s.rgb.png is not what pillow.json says", name)
			}
			if m.Width != golden.Width || m.Height != golden.Height {
				t.Errorf("%s: %dx%d, want %dx%d", name, m.Width, m.Height, golden.Width, golden.Height)
				continue
			}
			// Repeated chroma would be off by more than 1; what remains is the rounding of the cosine transform.
			if mean, most, at := difference(m, golden); mean > 0.25 || most > 4 {
				t.Errorf("%s: %.3f levels on average, %d at %v", name, mean, most, at)
			}
		case digest(m) != want:
			t.Errorf("%s: %s, want %s", name, digest(m), want)
		}
	}
}

// TestResize holds every way to fit against Pillow, to the bit.
func TestResize(t *testing.T) {
	for name, want := range goldens(t).Resize {
		var file, how string
		var width, height int
		if _, err := fmt.Sscanf(name, "%s %s %dx%d", &file, &how, &width, &height); err != nil {
			t.Fatal(err)
		}
		m, err := Open("testdata/resize/" + file + ".png")
		if err != nil {
			t.Fatal(err)
		}
		if got := digest(m.Fit(width, height, Fit(how))); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestGrey(t *testing.T) {
	for name, want := range goldens(t).Grey {
		m, err := Open("testdata/resize/" + name)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(m.Grey())
		if got := fmt.Sprintf("%x", sum[:8]); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
