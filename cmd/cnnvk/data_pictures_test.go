package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/image/bmp"

	"cnnvk/cifar/imagefolder"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/net"
)

// shapes are classes of pictures that a small network learns to tell apart.
var shapes = []string{"circle", "cross", "square", "stripes", "triangle"}

// inShape says whether a point is in a shape around 0, of radius 1.
func inShape(shape int, x, y float64) bool {
	switch shape {
	case 0:
		return x*x+y*y < 0.8
	case 1:
		return min(math.Abs(x), math.Abs(y)) < 0.25 && max(math.Abs(x), math.Abs(y)) < 0.9
	case 2:
		return max(math.Abs(x), math.Abs(y)) < 0.75
	case 3:
		return max(math.Abs(x), math.Abs(y)) < 0.9 && math.Mod(y+2, 0.45) < 0.22
	}
	return y > -0.8 && y < 0.8 && math.Abs(x) < (0.8-y)*0.55
}

// drawShape is a picture of a shape in any two colours, on noise, of any size. It is the same for the same number.
func drawShape(shape, number int) image.Image {
	r := rand.New(rand.NewPCG(uint64(shape), uint64(number)))
	width, height := 36+r.IntN(40), 36+r.IntN(40)
	var paper, ink [3]float64
	for c := range paper {
		paper[c] = 90 + 60*r.Float64()
		ink[c] = []float64{20, 230}[r.IntN(2)] + 20*r.Float64() - 10
	}
	radius := float64(min(width, height)) * (0.3 + 0.15*r.Float64())
	left, top := float64(width)*(0.4+0.2*r.Float64()), float64(height)*(0.4+0.2*r.Float64())
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		x, y := i%width, i/width
		of := paper
		if inShape(shape, (float64(x)-left)/radius, (float64(y)-top)/radius) {
			of = ink
		}
		noise := 30 * (r.Float64() - 0.5)
		at := func(c int) uint8 { return uint8(min(max(of[c]+noise, 0), 255)) }
		m.SetRGBA(x, y, color.RGBA{at(0), at(1), at(2), 255})
	}
	return m
}

// drawShapes writes that many pictures of each class into DIR/CLASS, of all forms in turn.
func drawShapes(t *testing.T, dir string, first, each int) {
	t.Helper()
	for shape, name := range shapes {
		for i := first; i < first+each; i++ {
			m := drawShape(shape, i)
			var out bytes.Buffer
			var err error
			ending := []string{"png", "jpg", "bmp", "gif"}[i%4]
			switch ending {
			case "png":
				err = png.Encode(&out, m)
			case "jpg":
				err = jpeg.Encode(&out, m, &jpeg.Options{Quality: 90})
			case "bmp":
				err = bmp.Encode(&out, m)
			case "gif":
				err = gif.Encode(&out, m, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(dir, name, fmt.Sprintf("%03d.%s", i, ending)), out.Bytes())
		}
	}
}

// Pictures in parts are counted by class and part. Those that cannot be read are listed, however many they are.
func TestDataInfoPictures(t *testing.T) {
	emptyFolder(t)
	drawShapes(t, "d/train", 0, 4)
	drawShapes(t, "d/val", 4, 1)
	drawShapes(t, "d/test", 5, 2)
	writeFile(t, "d/train/cross/bad.png", []byte("\x89PNG\r\n\x1a\nnothing"))
	writeFile(t, "d/val/circle/notes.txt", nil)
	writeFile(t, "d/test/circle/far.tiff", []byte("II*\x00\x08\x00\x00\x00"))
	o := cnnvk("data", "info", "--data", "d", "--image-size", "16", "--resize", "pad")
	o.ok(t)
	const table = "\nclass     train    val   test\n" +
		"circle        4      1      2\ncross         4      1      2\nsquare        4      1      2\nstripes       4      1      2\ntriangle      4      1      2\n"
	for _, want := range []string{"d, images of 16x16x3, to which pictures are padded\n", table, "\nother files, no pictures by their endings, are passed over: 1\n", "\n2 cannot be read:\nd/train/cross/bad.png: ", "\nd/test/circle/far.tiff: a picture (TIFF), no PNG, "} {
		if !strings.Contains(o.stdout, filepath.FromSlash(want)) {
			t.Errorf("said %q, not %q", o.stdout, want)
		}
	}
	if strings.Contains(o.stdout, "MD5") {
		t.Errorf("an MD5 of pictures is printed: %s", o.stdout)
	}
	o = cnnvk("data", "info", "--data", "d", "--channels", "1", "--json")
	o.ok(t)
	d := object[dataDescription](t, o.stdout)
	if !slices.Equal(d.Image, []int{1, 32, 32}) || !slices.Equal(d.Names, shapes) || len(d.Files) != 3 || d.Files[2].File != "test" || !slices.Equal(d.Counts[1], []int{1, 1, 1, 1, 1}) || len(d.Bad) != 2 || d.Others != 1 {
		t.Errorf("%+v", d)
	}
}

// The sheet shows one picture of each class in turn, those to train on.
func TestDataPreviewPictures(t *testing.T) {
	emptyFolder(t)
	for name, value := range map[string]uint8{"train/a/1": 10, "train/a/2": 20, "train/b/1": 30, "train/b/2": 40, "val/a/1": 50, "val/b/1": 60} {
		m := image.NewGray(image.Rect(0, 0, 20, 30))
		for i := range m.Pix {
			m.Pix[i] = value
		}
		var out bytes.Buffer
		if err := png.Encode(&out, m); err != nil {
			t.Fatal(err)
		}
		writeFile(t, "d/"+name+".png", out.Bytes())
	}
	for _, channels := range []string{"1", "3"} {
		cnnvk("data", "preview", "--data", "d", "--device", "cpu", "--augment", "none", "--channels", channels, "--epochs", "1", "-o", "sheet.png").ok(t)
		sheet, err := png.Decode(strings.NewReader(read(t, "sheet.png")))
		if err != nil {
			t.Fatal(err)
		}
		if h := sheet.Bounds().Dy(); h != gap+4*(96+gap) {
			t.Errorf("the sheet is %d pixels high, not of 4 pictures", h)
		}
		for row, want := range []uint8{10, 30, 20, 40} {
			if got := color.GrayModel.Convert(sheet.At(gap+50, gap+50+row*(96+gap))).(color.Gray).Y; got != want {
				t.Errorf("%s channels: row %d is %d, want %d", channels, row, got, want)
			}
		}
	}
}

// narrowPictures trains on pictures for two steps, on the reference executor.
func narrowPictures(t *testing.T, data string, more ...string) outcome {
	t.Helper()
	return cnnvk(append([]string{"train", "--device", "cpu", "--config", narrowConfig(t), "--data", data, "--batch-size", "5", "--limit-steps", "2", "--augment", "crop-flip"}, more...)...)
}

// A part to validate on is used for it, also by a recipe that holds nothing back; the test part is evaluated, and without one the other.
func TestTrainPicturesInParts(t *testing.T) {
	emptyFolder(t)
	drawShapes(t, "d/train", 0, 3)
	drawShapes(t, "d/val", 3, 1)
	drawShapes(t, "d/test", 4, 2)
	o := narrowPictures(t, "d", "--image-size", "16", "--resize", "crop", "--out", "run")
	o.ok(t)
	if !strings.Contains(o.stdout, "data: d train in d (--data), 20 pictures of 5 classes, cropped to 16x16x3; 5 of them validate\n") {
		t.Error(o.stdout)
	}
	if split := read(t, "run/split.json"); split != `{"val":[15,16,17,18,19]}`+"\n" {
		t.Errorf("split.json has %s", split)
	}
	if config := read(t, "run/config.yaml"); !strings.Contains(config, "\nimage_size: 16\nresize: crop\nchannels: 3\n") {
		t.Errorf("config.yaml has %q", config)
	}
	w, err := net.LoadWeights("run/weights/best.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	in, err := net.InputOf(w.Metadata)
	if err != nil || !slices.Equal(in.Classes, shapes) || in.Image != (net.ImageShape{C: 3, H: 16, W: 16}) || in.Resize != "crop" || w.Metadata[metaDeal] != "" {
		t.Errorf("input %+v, %v", in, err)
	}
	s, err := imagefolder.Find(t.Context(), "d")
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Read(t.Context(), imagefolder.Options{Height: 16, Width: 16, Channels: 3, Fit: "crop"}, imagefolder.Train)
	if err != nil {
		t.Fatal(err)
	}
	if mean, std := p.Statistics(); !slices.Equal(in.Mean, mean) || !slices.Equal(in.Std, std) {
		t.Errorf("mean %v and deviation %v, those of the training part are %v and %v", in.Mean, in.Std, mean, std)
	}
	evaluate := func(n int, part string) {
		t.Helper()
		o := cnnvk("eval", "--device", "cpu", "--weights", "run", "--data", "d", "--json")
		o.ok(t)
		if r := object[evalResult](t, o.stdout); r.Total != n || r.Part != part {
			t.Errorf("%d images of the part %q are evaluated, want %d of %q", r.Total, r.Part, n, part)
		}
	}
	evaluate(10, "test")
	if classes := table(t, "run/eval/best/per_class.csv"); len(classes) != 6 || classes[2][1] != "cross" || classes[2][3] != "2" {
		t.Errorf("per_class.csv has %v", classes)
	}
	if err := os.RemoveAll("d/test"); err != nil {
		t.Fatal(err)
	}
	evaluate(5, "validation")
	o = narrowPictures(t, "d", "--val-ratio", "0.2")
	o.failed(t, exitUsage, "--val-ratio does nothing: d has pictures to validate on of its own$", "the folder of the training part alone")
	writeFile(t, "none.yaml", []byte("widths: [2, 2, 2, 2, 2, 2]\nbatch_size: 5\nvalidation_ratio: 0\npatience: 0\n"))
	for range 2 { // the second time it is finished
		o = cnnvk("train", "--device", "cpu", "--config", "none.yaml", "--data", "d", "--limit-steps", "2", "--out", "all", "--resume", "auto")
		o.ok(t)
		if !strings.Contains(o.stdout, "best validation accuracy ") {
			t.Errorf("said %q", o.stdout)
		}
	}
	cnnvk("train", "--device", "cpu", "--config", "none.yaml", "--data", "d", "--limit-steps", "2", "--patience", "3", "--out", "patient").ok(t)
	if err := os.Rename("d/val", "other"); err != nil {
		t.Fatal(err)
	}
	o = cnnvk("train", "--device", "cpu", "--config", "none.yaml", "--data", "d/train", "--limit-steps", "2", "--patience", "3", "--out", "impatient")
	o.failed(t, exitUsage, "--patience does nothing without validation", "")
}

// What a configuration says of pictures is of no use to images that are as they are: a warning says so.
func TestPicturesOfAConfiguration(t *testing.T) {
	emptyFolder(t)
	writeFile(t, "pictures.yaml", []byte("widths: [2, 2, 2, 2, 2, 2]\nbatch_size: 5\nimage_size: 64\n"))
	o := cnnvk("train", "--device", "cpu", "--config", "pictures.yaml", "--data", synthetic, "--limit-steps", "1")
	o.ok(t)
	if !strings.Contains(o.stderr, "image_size, resize and channels") {
		t.Errorf("said %q", o.stderr)
	}
}

// Of pictures in one part, what was held out of the training is evaluated; the weights know it, wherever they are. Other pictures are
// evaluated all, in the weights' form, if they are of the same classes.
func TestEvalHeldOut(t *testing.T) {
	emptyFolder(t)
	drawShapes(t, "d", 0, 4)
	drawShapes(t, "other", 4, 1)
	narrowPictures(t, "d", "--image-size", "24", "--channels", "1", "--resize", "pad", "--val-ratio", "0.2", "--split", "stratified", "--seed", "7", "--out", "run").ok(t)
	writeFile(t, "w.safetensors", []byte(read(t, "run/weights/best.safetensors")))
	var split struct{ Val []int }
	if err := json.Unmarshal([]byte(read(t, "run/split.json")), &split); err != nil || len(split.Val) != 4 {
		t.Fatal(split, err)
	}
	evaluate := func(data string) (evalResult, outcome) {
		t.Helper()
		o := cnnvk("eval", "--device", "cpu", "--weights", "w.safetensors", "--data", data, "--json", "--out", "report")
		o.ok(t)
		return object[evalResult](t, o.stdout), o
	}
	r, o := evaluate("d")
	if r.Total != 4 || r.Part != "held-out" || !strings.Contains(o.stderr, "the 4 pictures that were held out of the training are evaluated") {
		t.Errorf("%+v, said %q", r, o.stderr)
	}
	for class, row := range table(t, "report/per_class.csv")[1:] {
		n := 0
		for _, i := range split.Val {
			if i/4 == class {
				n++
			}
		}
		if row[3] != strconv.Itoa(n) {
			t.Errorf("%s of %s are evaluated, %d were held out", row[3], row[1], n)
		}
	}
	if r, o = evaluate("other"); r.Total != 5 || r.Part != "" || !strings.Contains(o.stderr, "all of it is evaluated") {
		t.Errorf("%+v, said %q", r, o.stderr)
	}
	drawShapes(t, "less", 0, 1)
	if err := os.RemoveAll("less/cross"); err != nil {
		t.Fatal(err)
	}
	cnnvk("eval", "--device", "cpu", "--weights", "w.safetensors", "--data", "less").failed(t, exitFailed, "^cnnvk: imagefolder: less: lacks the class cross of the weights$", "circle, cross, square")
	narrowPictures(t, "d", "--val-ratio", "0", "--out", "all").ok(t)
	cnnvk("eval", "--device", "cpu", "--weights", "all", "--data", "d").failed(t, exitFailed, "the weights were trained on all pictures of d: none is left", "--data")
}

// A run goes on with the pictures that it began with, brought to the same form, to the same bits, and with no others.
func TestResumePictures(t *testing.T) {
	emptyFolder(t)
	drawShapes(t, "d", 0, 5)
	begin := []string{"train", "--device", "cpu", "--config", narrowConfig(t), "--data", "d", "--batch-size", "5", "--augment", "crop-flip", "--image-size", "16", "--resize", "pad", "--epochs", "20", "--out"}
	cutTraining(t, run.MetricsFile, begin...)
	if err := os.CopyFS("other", os.DirFS("run")); err != nil {
		t.Fatal(err)
	}
	again := append(slices.Clone(begin), "run", "--resume", "auto")
	cnnvk(append(again, "--image-size", "24")...).failed(t, exitUsage, `--image-size 24 is not what the run in run began with, which is 16$`, "it goes on with the flags")
	cnnvk("train", "--resume", "run", "--resize", "crop").failed(t, exitUsage, "--resize does not go with --resume", "--config")
	cnnvk(again...).ok(t)
	sameRun(t, "run", "whole")

	drawShapes(t, "d", 5, 1)
	o := cnnvk("train", "--resume", "other")
	if o.code != exitFailed || !strings.Contains(o.stderr, "the training images of ") || !strings.Contains(o.stderr, "hint: --data DIR with the run's own") {
		t.Errorf("resumed with other pictures: %d, %s", o.code, o.stderr)
	}
}

// A table of paths and labels is trained on like folders of the same pictures: to the same bits.
func TestTrainTable(t *testing.T) {
	emptyFolder(t)
	drawShapes(t, "d", 0, 4)
	rows := "filename,class\n"
	for _, name := range shapes {
		for i := range 4 {
			rows += fmt.Sprintf("d/%s/%03d.%s,%s\n", name, i, []string{"png", "jpg", "bmp", "gif"}[i], name)
		}
	}
	writeFile(t, "mine.csv", []byte(rows))
	narrowPictures(t, "d", "--out", "folders").ok(t)
	narrowPictures(t, "mine.csv", "--out", "table").ok(t)
	if a, b := sum(t, "folders/weights/best.safetensors"), sum(t, "table/weights/best.safetensors"); a != b {
		t.Errorf("weights %s of folders, %s of a table", a, b)
	}
	writeFile(t, "mine.csv", []byte(strings.ReplaceAll(rows, "class", "colour")))
	narrowPictures(t, "mine.csv").failed(t, exitFailed, "^cnnvk: imagefolder: mine.csv: has no column of labels", "path,label")
}

// A picture in a hundred that cannot be read is warned of and left out. More are too many.
func TestTrainBadPictures(t *testing.T) {
	emptyFolder(t)
	drawShapes(t, "d", 0, 20)
	writeFile(t, "d/cross/000.png", nil)
	o := narrowPictures(t, "d", "--out", "run")
	o.ok(t)
	if !strings.Contains(o.stderr, `file=d/cross/000.png why="an empty file"`) || !strings.Contains(o.stdout, ", 99 pictures of 5 classes,") {
		t.Errorf("said %q and %q", o.stdout, o.stderr)
	}
	writeFile(t, "d/cross/001.jpg", nil)
	before := listing(t)
	o = narrowPictures(t, "d", "--out", "more")
	if o.code != exitFailed || !strings.Contains(o.stderr, "cnnvk: imagefolder: d: 2 of 100 pictures cannot be read, more than 1 in 100: d/cross/000.png: an empty file\nhint: mend or remove them; data info lists them all\n") {
		t.Errorf("code %d, said %q", o.code, o.stderr)
	}
	unchanged(t, before)
}

// shapesNet is a network that tells shapes apart after a few passes.
const shapesNet = `layers:
  - [Conv2d(16, 3, bias=False), BatchNorm2d, ReLU, MaxPool2d(2)]
  - [Conv2d(32, 3, bias=False), BatchNorm2d, ReLU, MaxPool2d(2)]
  - [Conv2d(32, 3, bias=False), BatchNorm2d, ReLU, MaxPool2d(2)]
  - Flatten
  - Linear(classes)
`

// Three hundred pictures of one's own are learnt from, in colours and in grey: what was never seen is told apart.
func TestLearnPictures(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	drawShapes(t, "d/train", 0, 48)
	drawShapes(t, "d/val", 48, 6)
	drawShapes(t, "d/test", 54, 6)
	writeFile(t, "shapes.yaml", []byte(shapesNet))
	for _, channels := range []string{"3", "1"} {
		cnnvk("train", "--data", "d", "--channels", channels, "--model", "shapes.yaml", "--batch-size", "16", "--lr", "0.05", "--epochs", "12", "--out", "run"+channels).ok(t)
		o := cnnvk("eval", "--data", "d", "--weights", "run"+channels, "--json")
		o.ok(t)
		if r := object[evalResult](t, o.stdout); r.Total != 30 || r.Accuracy < 60 {
			t.Errorf("%s channels: %.1f %% of %d pictures, want 60", channels, r.Accuracy, r.Total)
		} else {
			t.Logf("%s channels: %.1f %% of %d pictures", channels, r.Accuracy, r.Total)
			predictedAs(t, "run"+channels, "d/test", r.Correct)
		}
	}
	cnnvk("convert", "run3", "shapes.onnx").ok(t)
	cnnvk("convert", "run3", "shapes.pt").ok(t)
	of := func(weights string) []prediction {
		o := cnnvk("predict", "--weights", weights, "--json", "d/test")
		o.ok(t)
		return object[predictions](t, o.stdout).Predictions
	}
	if !reflect.DeepEqual(of("shapes.pt"), of("run3")) {
		t.Error("weights in PyTorch's form predict something else")
	}
}

// predictedAs holds what predict says of the pictures below a folder, by the names of the folders they lie in, against eval's count.
func predictedAs(t *testing.T, weights, dir string, want int) {
	t.Helper()
	o := cnnvk("predict", "--weights", weights, "-k", "1", "--json", dir)
	o.ok(t)
	correct := 0
	for _, p := range object[predictions](t, o.stdout).Predictions {
		if p.Top[0].Class == path.Base(path.Dir(filepath.ToSlash(p.Image))) {
			correct++
		}
	}
	if correct != want {
		t.Errorf("%s: predict names %d pictures, eval %d", weights, correct, want)
	}
}
