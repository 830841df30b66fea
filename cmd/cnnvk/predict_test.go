package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/net"
	"cnnvk/net/safetensors"
)

// predictFolder copies the weights and pictures of testdata/predict into an empty working folder.
func predictFolder(t *testing.T) {
	t.Helper()
	from, err := filepath.Abs("testdata/predict")
	if err != nil {
		t.Fatal(err)
	}
	emptyFolder(t)
	if err := os.CopyFS(".", os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// predicted runs predict on the reference executor, with the network for pictures in colours.
func predicted(args ...string) outcome {
	return cnnvk(append([]string{"predict", "--device", "cpu", "--weights", "colours.safetensors"}, args...)...)
}

// TestPredictGolden holds logits against those of PyTorch and Pillow, on both executors: to 1e-4, but for JPEG, whose pixels are not quite
// libjpeg's.
func TestPredictGolden(t *testing.T) {
	predictFolder(t)
	var want map[string]map[string]map[string][]float64 // by network, fit and picture
	if err := json.Unmarshal([]byte(read(t, "logits.json")), &want); err != nil || len(want) != 2 {
		t.Fatalf("%d networks, %v", len(want), err)
	}
	for _, device := range []string{machine.CPU, "vulkan"} {
		t.Run(device, func(t *testing.T) {
			if device != machine.CPU {
				needVulkan(t)
			}
			for network, fits := range want {
				for fit, images := range fits {
					if device != machine.CPU && fit != "crop" { // the pictures are made by the same code: one will do
						continue
					}
					args := []string{"predict", "--json", "-k", "7", "--weights", network + ".safetensors", "--resize", fit, "--device", device}
					for name := range images {
						args = append(args, name)
					}
					o := cnnvk(args...)
					o.ok(t)
					checkLogits(t, network+" "+fit, object[predictions](t, o.stdout), images)
				}
			}
		})
	}
}

func checkLogits(t *testing.T, what string, got predictions, want map[string][]float64) {
	t.Helper()
	if len(got.Predictions) != len(want) || len(want) < 5 {
		t.Errorf("%s: %d predictions, want %d", what, len(got.Predictions), len(want))
	}
	for _, p := range got.Predictions {
		allowed := 1e-4
		if strings.HasSuffix(p.Image, ".jpg") {
			allowed = 0.02
		}
		golden, sum := want[p.Image], 0.0
		for i, g := range p.Top {
			if diff := math.Abs(g.Logit - golden[g.Label]); !(diff < allowed) {
				t.Errorf("%s, %s: logit of %s is %g, want %g", what, p.Image, g.Class, g.Logit, golden[g.Label])
			}
			if i > 0 && g.Logit > p.Top[i-1].Logit {
				t.Errorf("%s, %s: guess %d is above the one before", what, p.Image, i)
			}
			sum += g.Probability
		}
		if len(p.Top) != 7 || p.Top[0].Label != largestOf(golden) || math.Abs(sum-1) > 1e-9 {
			t.Errorf("%s, %s: %d guesses, the first %+v, probabilities of %g in all", what, p.Image, len(p.Top), p.Top[0], sum)
		}
	}
}

func largestOf(v []float64) int { return slices.Index(v, slices.Max(v)) }

// TestPredictForms: a line an image, or rows, or one object; words stay off standard output.
func TestPredictForms(t *testing.T) {
	predictFolder(t)
	o := predicted("small.png", "wide.bmp", "-k", "2")
	o.ok(t)
	lines := strings.Split(strings.TrimSuffix(o.stdout, "\n"), "\n")
	if n := len(lines); n < 3 || !strings.HasPrefix(lines[n-2], "small.png: ") || !strings.HasPrefix(lines[n-1], "wide.bmp: ") || strings.Count(lines[n-1], " %") != 2 {
		t.Errorf("printed %q", o.stdout)
	}
	quiet := predicted("small.png", "wide.bmp", "-k", "2", "-q")
	if want := strings.Join(lines[len(lines)-2:], "\n") + "\n"; quiet.stdout != want || quiet.stderr != "" {
		t.Errorf("-q prints %q, want %q", quiet.stdout, want)
	}
	o = predicted("small.png", "--csv", "wide.bmp", "-k", "99")
	o.ok(t)
	rows, err := csv.NewReader(strings.NewReader(o.stdout)).ReadAll()
	if err != nil || len(rows) != 1+2*7 || rows[0][0] != "image" || rows[8][0] != "wide.bmp" || rows[8][1] != "1" {
		t.Errorf("%d rows, %v: %v", len(rows), err, rows)
	}
	o = predicted("small.png", "--json")
	o.ok(t)
	p := object[predictions](t, o.stdout)
	if len(p.Predictions) != 1 || len(p.Predictions[0].Top) != 5 || p.Model != net.TinyNetName || p.Device == "" || p.Unread == nil {
		t.Errorf("%+v", p)
	}
	if rows[1][3] != p.Predictions[0].Top[0].Class || rows[1][4] != fmt.Sprintf("%.6g", p.Predictions[0].Top[0].Probability) {
		t.Errorf("the table has %v, the object %+v", rows[1], p.Predictions[0].Top[0])
	}
}

// A folder is looked through by name, with what lies below it and what links lead to; the batch size changes nothing.
func TestPredictFolder(t *testing.T) {
	predictFolder(t)
	for from, to := range map[string]string{"small.png": "dir/b/2.PNG", "wide.bmp": "dir/a.bmp", "photo.jpg": "dir/c.jpeg", "grey.bmp": "elsewhere/x.bmp",
		"logits.json": "dir/notes.txt", "tall.png": "dir/.hidden.png", "palette.png": "dir/.b/x.png"} {
		writeFile(t, to, []byte(read(t, from)))
	}
	want := []string{"dir/a.bmp", "dir/b/2.PNG", "dir/c.jpeg"}
	if os.Symlink("..", "dir/b/loop") == nil && os.Symlink("../elsewhere", "dir/link") == nil {
		want = append(want, "dir/link/x.bmp")
	}
	var first string
	for _, batch := range []string{"128", "1", "3"} {
		o := predicted("dir", "--csv", "-k", "1", "--batch-size", batch)
		o.ok(t)
		var names []string
		for _, line := range strings.Split(strings.TrimSpace(o.stdout), "\n")[1:] {
			name, _, _ := strings.Cut(line, ",")
			names = append(names, filepath.ToSlash(name))
		}
		if !slices.Equal(names, want) {
			t.Errorf("--batch-size %s: predicted %v, want %v", batch, names, want)
		}
		if first == "" {
			first = o.stdout
		} else if o.stdout != first {
			t.Errorf("--batch-size %s prints\n%s, want\n%s", batch, o.stdout, first)
		}
	}
}

// What cannot be read is named with the reason, the others are predicted, and the exit code is not 0.
func TestPredictUnread(t *testing.T) {
	predictFolder(t)
	writeFile(t, "dir/1.png", []byte("junk"))
	writeFile(t, "dir/2.png", []byte(read(t, "small.png")))
	writeFile(t, "dir/3.jpg", []byte(read(t, "photo.jpg"))[:900])
	if err := os.Mkdir("empty", 0o777); err != nil {
		t.Fatal(err)
	}
	o := predicted("--json", "none.png", "dir", "empty")
	if p := object[predictions](t, o.stdout); len(p.Predictions) != 1 || len(p.Unread) != 4 || p.Unread[0].Image != "none.png" || strings.Contains(p.Unread[0].Error, "none.png") {
		t.Errorf("%+v", p)
	}
	for _, line := range []string{"not read: none.png: no such file or directory\n", "1.png: no PNG, JPEG, WebP, GIF or BMP\n",
		"3.jpg: JPEG: the file ends before the picture does\n", "not read: empty: a folder without pictures\n", "cnnvk: 4 of 5 could not be read\n"} {
		if !strings.Contains(o.stderr, line) {
			t.Errorf("standard error has no %q:\n%s", line, o.stderr)
		}
	}
	if o.code != exitFailed {
		t.Errorf("exit code %d", o.code)
	}
	// Where nothing can be read no device is opened and no sheet is written.
	o = predicted("-q", "none.png", "-o", "sheet.png")
	if _, err := os.Stat("sheet.png"); err == nil || o.code != exitFailed || o.stdout != "" || strings.Count(o.stderr, "\n") != 2 {
		t.Errorf("exit code %d: %q, %q", o.code, o.stdout, o.stderr)
	}
}

func TestPredictStandardInput(t *testing.T) {
	predictFolder(t)
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh")
	}
	from := func(file string, args ...string) outcome {
		return childOf(t, []string{"sh", "-c", `f=$1; shift; exec "$@" < "$f"`, "sh", file}, nil, append([]string{"predict", "--device", "cpu", "-q", "--weights", "colours.safetensors"}, args...)...)
	}
	o := from("small.png", "-")
	o.ok(t)
	direct := predicted("small.png", "-q")
	if want := "-" + strings.TrimPrefix(direct.stdout, "small.png"); o.stdout != want {
		t.Errorf("printed %q, want %q", o.stdout, want)
	}
	if o := from("/dev/null", "-", "small.png"); o.code != exitFailed || !strings.Contains(o.stderr, "not read: -: an empty file\n") || !strings.HasPrefix(o.stdout, "small.png: ") {
		t.Errorf("exit code %d: %q, %q", o.code, o.stdout, o.stderr)
	}
}

// Classes that weights do not name are CIFAR-100's, or have numbers.
func TestPredictClasses(t *testing.T) {
	for _, c := range []struct {
		in   net.Input
		want string
	}{
		{net.Input{Image: net.ImageShape{C: 3, H: 32, W: 32}, Classes: make([]string, 100)}, cifar.CIFAR100.Classes[17]},
		{net.Input{Image: net.ImageShape{C: 3, H: 64, W: 64}, Classes: make([]string, 100)}, "class 17"},
		{net.Input{Image: net.ImageShape{C: 3, H: 32, W: 32}, Classes: make([]string, 18)}, "class 17"},
		{net.Input{Image: net.ImageShape{C: 3, H: 32, W: 32}, Classes: append(make([]string, 17), "mine")}, "mine"},
	} {
		s := &console{words: new(strings.Builder)}
		nameClasses(s, &c.in)
		if got := c.in.Classes[17]; got != c.want {
			t.Errorf("class 17 of %d is %q, want %q", len(c.in.Classes), got, c.want)
		}
	}
}

// Weights of a network alone, as PyTorch saves them, are taken for CIFAR-100's if they fit it; others must say how images are normalised.
func TestPredictBareWeights(t *testing.T) {
	predictFolder(t)
	saveWeights(t, "full.safetensors", narrow)
	tensors, _, err := safetensors.Read("full.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	bare := func(meta map[string]string, args ...string) outcome {
		if err := safetensors.Write("bare.safetensors", tensors, meta); err != nil {
			t.Fatal(err)
		}
		return cnnvk(append([]string{"predict", "--device", "cpu", "--weights", "bare.safetensors", "small.png"}, args...)...)
	}
	o := bare(nil)
	o.ok(t)
	if full := cnnvk("predict", "--device", "cpu", "--weights", "full.safetensors", "small.png", "-q"); !strings.HasSuffix(o.stdout, full.stdout) || !strings.Contains(o.stdout, "classes: as CIFAR-100 names them") {
		t.Errorf("printed %q, with metadata %q", o.stdout, full.stdout)
	}
	other := map[string]string{"image": "[3,64,64]"}
	bare(other, "-q").failed(t, exitFailed, `bare\.safetensors do not say by which mean and deviation images are normalised$`, "--normalize=false")
	bare(other, "--normalize=false").ok(t)
	other["preprocessing"] = `{"mean":[0,0,0],"std":[1,1,1]}`
	bare(other).ok(t)
	bare(other, "-q", "--normalize").failed(t, exitFailed, `do not say by which mean and deviation`, "--normalize=false")
}

// TestPredictSheet: the sheet has every picture, with as many bars below each as classes were asked for.
func TestPredictSheet(t *testing.T) {
	predictFolder(t)
	for _, name := range []string{"sheet.png", "sheet.JPG"} {
		o := predicted("small.png", "tall.png", "wide.bmp", "grey.bmp", "-k", "2", "-o", name)
		o.ok(t)
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		picture, form, err := image.Decode(f)
		if err != nil || picture.Bounds().Dx() < 3*224 || picture.Bounds().Dy() < 2*224 {
			t.Errorf("%s: a %s of %v, %v", name, form, picture.Bounds(), err)
		}
	}
	predicted("small.png", "-o", "nowhere/sheet.png").failed(t, exitFailed, `nowhere/sheet\.png: no such file or directory$`, "")
}
