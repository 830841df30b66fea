package main

import (
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/net"
)

// names10 are CIFAR-10's.
var names10 = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}

// folder10 makes CIFAR-10's files of black images of airplanes, which take no room on the disk, and one cat.
func folder10(t *testing.T, dir string) {
	t.Helper()
	for i := range 5 {
		dataFile(t, dir, fmt.Sprintf("data_batch_%d.bin", i+1), 10_000*3073, 0, 0)
	}
	dataFile(t, dir, "test_batch.bin", 10_000*3073, 7*3073, 3)
	writeFile(t, filepath.Join(dir, "batches.meta.txt"), []byte(strings.Join(names10, "\n")+"\n\n"))
}

// CIFAR-10's files are counted and drawn; each of its ten classes has its name.
func TestCIFAR10Data(t *testing.T) {
	emptyFolder(t)
	folder10(t, "d")
	o := cnnvk("data", "info", "--data", "d", "--json")
	o.ok(t)
	d := object[dataDescription](t, o.stdout)
	if d.DataSet != "CIFAR-10" || !slices.Equal(d.Image, []int{3, 32, 32}) || !slices.Equal(d.Names, names10) {
		t.Errorf("%+v", d)
	}
	for i, want := range []fileDescription{{"data_batch_1.bin..data_batch_5.bin", 50_000, 1, 0, 50_000, 0, "", ""}, {"test_batch.bin", 10_000, 2, 0, 9_999, 0, "", ""}} {
		if d.Files[i].MD5 = ""; d.Files[i] != want {
			t.Errorf("%+v, want %+v", d.Files[i], want)
		}
	}
	o = cnnvk("data", "info", "--data", "d")
	o.ok(t)
	if !strings.Contains(o.stdout, "CIFAR-10, images of 32x32x3\n") || !strings.Contains(o.stdout, "\nclass       train   test\nairplane    50000   9999\nautomobile      0      0\n") || strings.Contains(o.stdout, "coarse") {
		t.Error(o.stdout)
	}
	o = cnnvk("data", "preview", "--data", "d", "--device", "cpu", "--images", "1", "--epochs", "1")
	o.ok(t)
	if !strings.HasPrefix(o.stdout, "data: CIFAR-10 train in d (--data), 50000 images, MD5 ") {
		t.Error(o.stdout)
	}
	writeFile(t, "d/train.bin", nil)
	for _, args := range [][]string{{"data", "info"}, {"data", "preview", "--device", "cpu"}, {"train", "--device", "cpu"}} {
		cnnvk(append(args, "--data", "d")...).failed(t, exitFailed, `^cnnvk: cifar: d: has files of CIFAR-100 \(train\.bin\) and of CIFAR-10 \(data_batch_1\.bin\)$`, "folder of its own")
	}
}

// What a network does not take is refused before there is a run folder.
func TestTrainOtherForms(t *testing.T) {
	emptyFolder(t)
	writeFile(t, "mine.yaml", []byte("layers:\n  - repeat: 4\n    layers: MaxPool2d(2)\n  - Flatten\n  - Linear(classes)\n"))
	before := listing(t)
	train := []string{"train", "--device", "cpu", "--data"}
	cnnvk(append(train, "synthetic:8x24x3:10", "--model", "mine.yaml")...).failed(t, exitFailed,
		`^cnnvk: mine\.yaml: line 3, 3: MaxPool2d: 3 x 1 x 3 come in, .* \(synthetic:8x24x3:10 has 10 classes of images of 8x24x3\)$`, "")
	unchanged(t, before)
	cnnvk(append(train, "synthetic:48x40x3:100", "--augment", "randaugment")...).failed(t, exitUsage, `^cnnvk: --augment "randaugment": use none, crop-flip or reference: `, "")
	unchanged(t, before)
}

// A network has as many outputs as CIFAR-10 has classes; weights, evaluation and report know them by name.
func TestTrainCIFAR10(t *testing.T) {
	emptyFolder(t)
	folder10(t, "ten")
	cnnvk("train", "--device", "cpu", "--config", narrowConfig(t), "--data", "ten", "--val-ratio", "0.001", "--limit-steps", "1", "--out", "run").ok(t)
	w, err := net.LoadWeights("run/weights/best.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if in, err := net.InputOf(w.Metadata); err != nil || !slices.Equal(in.Classes, names10) || w.Model.Task != (net.Task{C: 3, H: 32, W: 32, Classes: 10}) {
		t.Errorf("input %+v, %v, network for %+v", in, err, w.Model.Task)
	}
	cnnvk("eval", "--device", "cpu", "--weights", "run", "--data", "ten").ok(t)
	classes, matrix := table(t, "run/eval/best/per_class.csv"), table(t, "run/eval/best/confusion.csv")
	if len(classes) != 11 || classes[1][1] != "airplane" || classes[1][3] != "9999" || classes[4][1] != "cat" || classes[4][3] != "1" || !slices.Equal(matrix[0][1:], names10) {
		t.Errorf("per_class.csv has %v, confusion.csv %v", classes, matrix[0])
	}
	cnnvk("train", "--resume", "run").ok(t)
	cnnvk("eval", "--device", "cpu", "--weights", "run", "--data", synthetic).failed(t, exitFailed, "are for 10 classes of images of 32x32x3, but synthetic .* has 100 classes", "--data DIR")
}

// Weights are not evaluated on a data set of another number of classes, or of images of another shape: both are named.
func TestEvalOtherData(t *testing.T) {
	emptyFolder(t)
	folder10(t, "ten")
	saveWeights(t, "w.safetensors", nil)
	w, err := net.LoadWeights("w.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	f := cifar.CIFAR100
	large := net.Input{Classes: f.Classes, Image: net.ImageShape{C: 3, H: 64, W: 64}, Mean: f.Mean, Std: f.Std}
	if w.Metadata, err = large.Metadata(); err != nil {
		t.Fatal(err)
	}
	if err := w.Save("large.safetensors", f.Mean, f.Std); err != nil {
		t.Fatal(err)
	}
	w.Metadata["classes"] = `["cat","dog"]`
	if err := w.Save("two.safetensors", f.Mean, f.Std); err != nil {
		t.Fatal(err)
	}
	before := listing(t)
	const hundred, ten = "100 classes of images of 32x32x3", "10 classes of images of 32x32x3"
	for _, c := range []struct{ weights, data, says string }{
		{"w", "ten", `the weights in w\.safetensors are for ` + hundred + `, but CIFAR-10 test has ` + ten},
		{"w", "synthetic:64x64x3:100", "are for " + hundred + `, but synthetic \(seed 1\) has 100 classes of images of 64x64x3`},
		{"w", "synthetic:32x32x1:10", "are for " + hundred + `, but synthetic \(seed 1\) has 10 classes of images of 32x32x1`},
		{"large", "synthetic", `are for 100 classes of images of 64x64x3, but synthetic \(seed 1\) has ` + hundred},
		{"two", "synthetic", `two\.safetensors: tensor classifier\.weight is \(100, 512\), want \(2, 512\)`},
	} {
		o := cnnvk("eval", "--device", "cpu", "--weights", c.weights+".safetensors", "--data", c.data)
		if o.code != exitFailed || !regexp.MustCompile(c.says).MatchString(o.stderr) || strings.Count(o.stderr, "\n") != 2 {
			t.Errorf("%s on %s: code %d, %q", c.weights, c.data, o.code, o.stderr)
		}
	}
	unchanged(t, before)
}

// Synthetic images of a form go all the way: their class names, shape and statistics stand in the weights, which eval takes for such
// images again, with a report by their names.
func TestTrainSyntheticForm(t *testing.T) {
	for _, device := range []string{"cpu", "vulkan"} {
		t.Run(device, func(t *testing.T) {
			emptyFolder(t)
			if device == "vulkan" {
				needVulkan(t)
			}
			const data = "synthetic:48x40x3:100"
			o := cnnvk("train", "--device", device, "--config", narrowConfig(t), "--data", data, "--epochs", "1", "--out", "run")
			o.ok(t)
			if !strings.Contains(o.stdout, "data: "+data+", 100 images, for trying out (--data)\n") || !strings.Contains(o.stdout, "cnnvk eval --data "+data+" ") {
				t.Errorf("said %q", o.stdout)
			}
			if config := read(t, "run/config.yaml"); !strings.Contains(config, "\ndata: "+data+"\n") {
				t.Errorf("config.yaml has %q", config)
			}
			w, err := net.LoadWeights("run/weights/best.safetensors")
			if err != nil {
				t.Fatal(err)
			}
			in, err := net.InputOf(w.Metadata)
			form, _ := syntheticForm(data)
			mean, std := cifar.SyntheticOf(form, 0, testImages).Statistics()
			if err != nil || !slices.Equal(in.Classes, form.Classes) || in.Image != (net.ImageShape{C: 3, H: 48, W: 40}) || !slices.Equal(in.Mean, mean) || !slices.Equal(in.Std, std) {
				t.Errorf("input %+v, %v", in, err)
			}
			if w.Metadata["data_md5"] != data {
				t.Errorf("data_md5 %s", w.Metadata["data_md5"])
			}
			o = cnnvk("eval", "--device", device, "--weights", "run", "--data", data)
			o.ok(t)
			if classes := table(t, "run/eval/best/per_class.csv"); classes[100][1] != "class_99" || classes[100][2] != "" {
				t.Errorf("per_class.csv has %v", classes[100])
			}
			// A run that is finished needs no data: its files are made again of its checkpoint.
			before := sum(t, "run/weights/last.safetensors")
			for _, lost := range []string{"run/weights/last.safetensors", "run/metrics.csv"} {
				if err := os.Remove(lost); err != nil {
					t.Fatal(err)
				}
			}
			cnnvk("train", "--resume", "run").ok(t)
			if sum(t, "run/weights/last.safetensors") != before {
				t.Error("the weights of the finished run are others")
			}
		})
	}
}

// Forms that make no data set are refused before anything is made.
func TestSyntheticFormRefused(t *testing.T) {
	emptyFolder(t)
	before := listing(t)
	for _, c := range []struct{ form, says string }{
		{"", `the shape "" is not of three numbers`},
		{"28x28:10", `the shape "28x28" is not of three numbers`},
		{"28x28x1", `"" is no number`},
		{"28x28x1:ten", `"ten" is no number`},
		{"28x28x1:10:2", `"10:2" is no number`},
		{"4x28x1:10", `use 8 to 128 rows and columns`},
		{"28x129x1:10", `use 8 to 128 rows and columns`},
		{"28x28x5:10", `use 1 to 4 channels`},
		{"28x28x0:10", `use 1 to 4 channels`},
		{"28x28x1:16", `use 2 to 15 classes with 1 channels`},
		{"28x28x3:1", `use 2 to 135 classes with 3 channels`},
	} {
		for _, args := range [][]string{{"train", "--device", "cpu"}, {"data", "preview", "--device", "cpu"}, {"data", "info"}} {
			o := cnnvk(append(args, "--data", "synthetic:"+c.form)...)
			o.failed(t, exitUsage, "^cnnvk: --data synthetic:"+c.form+": "+c.says, "--data synthetic:28x28x1:10")
		}
	}
	unchanged(t, before)
	if form, err := syntheticForm("synthetic:028x28x1:010"); err != nil || form.Name != "synthetic:28x28x1:10" {
		t.Errorf("%v, %v", form.Name, err)
	}
}

// Grey images go through the policies that need no colours; large ones through those that move no pixels.
func TestAugmentOfForms(t *testing.T) {
	emptyFolder(t)
	preview := func(form, augment string) outcome {
		return cnnvk("data", "preview", "--device", "cpu", "--data", "synthetic:"+form, "--augment", augment, "--images", "2", "--epochs", "2")
	}
	for _, c := range []struct{ form, augment, says string }{
		{"28x28x1:10", "none", ""}, {"28x28x1:10", "crop-flip", ""},
		{"64x64x3:20", "reference", ""}, {"64x64x3:20", "crop-flip", ""}, {"9x24x3:20", "randaugment", ""},
		{"28x28x1:10", "reference", `^cnnvk: --augment "reference": use none or crop-flip: images of 1 channels have no colours to change$`},
		{"28x28x1:10", "randaugment", `^cnnvk: --augment "randaugment": use none or crop-flip: `},
		{"64x64x3:20", "randaugment", `^cnnvk: --augment "randaugment": use none, crop-flip or reference: images of 64 x 64 pixels are too large`},
	} {
		if o := preview(c.form, c.augment); c.says == "" {
			o.ok(t)
		} else {
			o.failed(t, exitUsage, c.says, "")
		}
	}
	cnnvk("data", "preview", "--device", "cpu", "--data", "synthetic:28x28x2:10", "--augment", "none").failed(t, exitFailed, "images of 2 channels are no pictures", "")
	preview("28x40x1:10", "none").ok(t)
	f, err := os.Open("sheet.png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sheet, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if w, h := sheet.Bounds().Dx(), sheet.Bounds().Dy(); w != 4+3*(2*40+4)+12 || h != 4+2*(2*28+4) {
		t.Errorf("the sheet is %d x %d", w, h)
	}
	form, err := syntheticForm("synthetic:28x40x1:10")
	if err != nil {
		t.Fatal(err)
	}
	set := cifar.SyntheticOf(form, 0, 2)
	for i, v := range set.Images[:28*40] {
		if r, g, b, _ := sheet.At(gap+i%40*2, gap+i/40*2).RGBA(); byte(r>>8) != v || r != g || g != b {
			t.Fatalf("pixel %d is %d %d %d, want %d", i, r>>8, g>>8, b>>8, v)
		}
	}
}

// A report of ten classes has their names, in the tables and in the picture of the confusion.
func TestClassReport10(t *testing.T) {
	emptyFolder(t)
	set := cifar.SyntheticOf(cifar.CIFAR10, 0, 100)
	predicted := slices.Clone(set.Labels)
	predicted[3] = 5 // a cat taken for a dog
	if err := newClassReport("a test", set, predicted).write("report"); err != nil {
		t.Fatal(err)
	}
	classes, matrix := table(t, "report/per_class.csv"), table(t, "report/confusion.csv")
	if len(classes) != 11 || !slices.Equal(classes[4], []string{"3", "cat", "", "10", "9", "0.9000", "dog", "1"}) {
		t.Errorf("per_class.csv has %d rows, of cats %v", len(classes), classes[4])
	}
	if !slices.Equal(matrix[0][1:], names10) || matrix[4][0] != "cat" || matrix[4][6] != "1" {
		t.Errorf("confusion.csv has %v", matrix)
	}
	for _, picture := range []string{"report/per_class.svg", "report/confusion.svg"} {
		text := read(t, picture)
		for _, name := range names10 {
			if !strings.Contains(text, ">"+name+"<") {
				t.Errorf("%s does not name %s", picture, name)
			}
		}
	}
}

// The class names of the data may be others than those of the weights: that is said, and no reason to refuse.
func TestEvalOtherNames(t *testing.T) {
	emptyFolder(t)
	saveWeights(t, "w.safetensors", nil)
	w, err := net.LoadWeights("w.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ first, warns string }{{"apple", ""}, {"pear", "label=0 was=pear is=apple"}} {
		f := cifar.CIFAR100
		names := slices.Clone(f.Classes)
		names[0] = c.first
		text, err := json.Marshal(names)
		if err != nil {
			t.Fatal(err)
		}
		w.Metadata = map[string]string{"classes": string(text), "image": "[3,32,32]"}
		if err := w.Save("named.safetensors", f.Mean, f.Std); err != nil {
			t.Fatal(err)
		}
		p := small()
		p.syntheticImages = 2
		o := p.cnnvk("eval", "--device", "cpu", "--weights", "named.safetensors", "--data", synthetic, "--no-report")
		if o.code != exitDone || strings.Contains(o.stderr, "other names") != (c.warns != "") || !strings.Contains(o.stderr, c.warns) {
			t.Errorf("%s: code %d, %q", c.first, o.code, o.stderr)
		}
	}
}
