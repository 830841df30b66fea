package main

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/engine"
	"cnnvk/internal/files"
	"cnnvk/net/training"
)

func (p program) dataPreviewCommand() *cli.Command {
	return &cli.Command{
		Name:  "preview",
		Usage: "draw a sheet of training images, each as it is and as the first epochs see it",
		Flags: slices.Concat([]cli.Flag{
			trainDataFlag(),
			deviceFlag(),
			progressFlag(),
			&cli.PathFlag{Name: "out", Aliases: []string{"o"}, Value: "sheet.png", Usage: "`FILE` to write, a picture by its ending: .png or .jpg"},
			augmentFlag(training.DefaultRecipe().Augment),
			&cli.IntFlag{Name: "images", Value: 12, Usage: "rows: images from the beginning of the data set, of pictures of your own one of each class in turn"},
			&cli.IntFlag{Name: "epochs", Value: 9, Usage: "columns: epochs"},
			&cli.Int64Flag{Name: "seed", Value: int64(training.DefaultRecipe().Seed), Usage: "of the draws, 0 to 4294967295"},
		}, pictureFlags(), verbosityFlags()),
		Action: p.dataPreview,
	}
}

// mostPreviewed is the most rows and columns of a sheet that people look at.
const mostPreviewed = 64

// pictureEncoders write a picture, by the ending of its file's name.
var pictureEncoders = map[string]func(io.Writer, image.Image) error{".png": png.Encode, ".jpg": encodeJPEG, ".jpeg": encodeJPEG}

func encodeJPEG(w io.Writer, picture image.Image) error {
	return jpeg.Encode(w, picture, &jpeg.Options{Quality: 95}) // single pixels should be seen
}

func (p program) dataPreview(c *cli.Context) error {
	s, err := p.newConsole(c, false)
	if err != nil {
		return err
	}
	for _, flag := range []string{"images", "epochs"} {
		if n := c.Int(flag); n < 1 || n > mostPreviewed {
			return usagef("--%s %d: use 1 to %d", flag, n, mostPreviewed)
		}
	}
	path := c.String("out")
	encode := pictureEncoders[strings.ToLower(filepath.Ext(path))]
	if encode == nil {
		return usagef("--out %s: use a name that ends in .png or .jpg", path)
	}
	recipe := training.DefaultRecipe()
	if recipe.Seed, err = seedOf(c); err != nil {
		return err
	}
	recipe.Augment = c.String("augment")
	if err := checkRecipe(recipe); err != nil {
		return flagProblemOf(err, recipeFlagNames())
	}
	set, _, err := p.trainingSet(c, s, run.Config{})
	if err != nil {
		return err
	}
	if n := set.Form.C; n != 1 && n != 3 {
		return fmt.Errorf("images of %d channels are no pictures: 1 is grey, 3 are colours", n)
	}
	if err := checkAugment(recipe, set.Form); err != nil {
		return flagProblemOf(err, recipeFlagNames())
	}
	sheet := &sheet{set: set, images: previewed(set, c.Int("images")), columns: 1 + c.Int("epochs")}
	sheet.mean, sheet.std = set.Statistics()
	err = s.onMachine(machine.Options{Device: c.String("device")}, func(m *machine.Machine) error { return sheet.draw(c.Context, m, recipe) })
	if err != nil {
		return err
	}
	if err := files.WriteAtomically(path, func(w io.Writer) error { return encode(w, sheet.picture()) }); err != nil {
		return fmt.Errorf("%s: %w", path, files.Reason(err))
	}
	s.result("%d images, as they are and in %d epochs under %q, in %s\n", len(sheet.images), sheet.columns-1, recipe.Augment, path)
	return nil
}

// sheet is a table of images: a row for each, the first column as it is, then one for each epoch.
type sheet struct {
	set       *cifar.Set
	images    []int // places in the set of the rows
	columns   int
	mean, std []float64
	pixels    []float64 // (rows*columns,C,H,W), normalised
}

// previewed are the images that are drawn: the first, but of pictures, which lie class by class, one of each class in turn. Those that
// validate are not augmented.
func previewed(set *cifar.Set, most int) []int {
	n := set.Len() - set.Validation
	if !set.Pictures() {
		return upTo(min(most, n))
	}
	place, turn := make([]int, n), make([]int, len(set.Form.Classes)) // of an image in its class
	for i, label := range set.Labels[:n] {
		place[i] = turn[label]
		turn[label]++
	}
	order := upTo(n)
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(place[a], place[b]), cmp.Compare(set.Labels[a], set.Labels[b]))
	})
	return order[:min(most, n)]
}

// upTo are 0 to n-1.
func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// draw makes the sheet's images on an executor, as a training would.
func (s *sheet) draw(ctx context.Context, e engine.Executor, recipe training.Recipe) error {
	a := augmentation(recipe, s.set.Form)
	var kinds uint32
	if a != nil {
		kinds = a.Kinds
	}
	var draws []engine.Draw
	for _, row := range s.images {
		draws = append(draws, engine.Draw{Image: row})
		for epoch := range s.columns - 1 {
			d := engine.Draw{Image: row}
			if a != nil {
				d = a.Draw(epoch, row)
			}
			draws = append(draws, d)
		}
	}
	var err error
	s.pixels, err = training.Augmented(ctx, e, dataOf(s.set, s.mean, s.std), kinds, draws)
	return err
}

// The look of a sheet: gaps lie between images, a wider one behind the originals.
const (
	gap       = 4
	wideGap   = 16
	paperGrey = 0xf0
)

// zoom is the side of the square that a pixel becomes: about 96 for an image's longer side.
func zoom(f cifar.Form) int { return max(96/max(f.H, f.W), 1) }

// picture is the sheet as one picture.
func (s *sheet) picture() image.Image {
	f, zoom := s.set.Form, zoom(s.set.Form)
	width, height := f.W*zoom, f.H*zoom
	out := image.NewRGBA(image.Rect(0, 0, gap+s.columns*(width+gap)+wideGap-gap, gap+len(s.images)*(height+gap)))
	for i := range out.Pix {
		out.Pix[i] = paperGrey
		if i%4 == 3 {
			out.Pix[i] = 0xff
		}
	}
	for n := range len(s.images) * s.columns {
		left, top := gap+n%s.columns*(width+gap), gap+n/s.columns*(height+gap)
		if n%s.columns > 0 {
			left += wideGap - gap
		}
		for y := range height {
			for x := range width {
				out.SetRGBA(left+x, top+y, s.colour(n, y/zoom*f.W+x/zoom))
			}
		}
	}
	return out
}

// colour is that of a pixel of the n-th image; the one channel of a grey one is all three.
func (s *sheet) colour(n, pixel int) color.RGBA {
	f := s.set.Form
	plane := f.H * f.W
	var rgb [3]byte
	for c := range rgb {
		from := min(c, f.C-1)
		rgb[c] = toByte(s.pixels[(n*f.C+from)*plane+pixel], s.mean[from], s.std[from])
	}
	return color.RGBA{rgb[0], rgb[1], rgb[2], 0xff}
}

// toByte is the byte of a normalised value. What was erased is 0, the mean colour.
func toByte(value, mean, std float64) byte {
	return byte(math.Round(min(max(value*std+mean, 0), 1) * 255))
}
