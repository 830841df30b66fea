package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/net"
	"cnnvk/net/training"
	"cnnvk/vk"
)

// A run folder that cannot be one is refused at once, and what lies there stays as it was.
func TestTrainBadOut(t *testing.T) {
	emptyFolder(t)
	writeFile(t, "full/notes.txt", []byte("mine"))
	writeFile(t, "file", []byte("mine"))
	before := listing(t)
	for _, c := range []struct{ out, says, hint string }{
		{"full", `the run folder full is not empty: it has notes\.txt$`, "--out full-2"},
		{"full/", `the run folder full/ is not empty: it has notes\.txt$`, "--out full-2"},
		{"file", `file cannot be the run folder: not a directory$`, "--out DIR"},
		{"file/below", `file/below cannot be the run folder: not a directory$`, "--out DIR"},
	} {
		o := cnnvk("train", "--device", "cpu", "--batch-size", "2", "--limit-steps", "1", "--out", c.out)
		o.failed(t, exitFailed, c.says, c.hint)
		if o.stdout != "" {
			t.Errorf("refused late: %s", o.stdout)
		}
		unchanged(t, before)
	}
}

// What a file system or a file manager leaves in a folder does not keep a run out of it, and stays there.
func TestTrainOutNotTheUsers(t *testing.T) {
	emptyFolder(t)
	writeFile(t, "disk/.DS_Store", []byte("icons"))
	writeFile(t, "disk/Thumbs.db", []byte("icons"))
	writeFile(t, "disk/desktop.ini", []byte("icons"))
	if err := os.Mkdir("disk/lost+found", 0o700); err != nil {
		t.Fatal(err)
	}
	before := listing(t)
	quickest(t, "--out", "disk").ok(t)
	after := listing(t)
	for path, was := range before {
		if after[path] != was {
			t.Errorf("%s was %s, is %s", path, was, after[path])
		}
	}
	o := quickest(t, "--out", "disk")
	o.failed(t, exitFailed, `the run folder disk is not empty: it has checkpoints and \d more$`, "--out disk-2")
}

// Where runs/ cannot be made, a training without --out leaves nothing either.
func TestTrainRunsIsFile(t *testing.T) {
	emptyFolder(t)
	writeFile(t, "runs", nil)
	before := listing(t)
	o := cnnvk("train", "--device", "cpu", "--batch-size", "2", "--limit-steps", "1")
	o.failed(t, exitFailed, `runs cannot be the run folder: not a directory$`, "--out DIR")
	unchanged(t, before)
}

// A folder that was given empty may be used, and is kept when the training cannot begin; a new one goes.
func TestRunFolderGoesAgain(t *testing.T) {
	emptyFolder(t)
	if err := os.MkdirAll("given", 0o777); err != nil {
		t.Fatal(err)
	}
	before := listing(t)
	set := cifar.Synthetic(0, 10)
	for _, dir := range []string{"given", "new"} {
		f, err := run.New(dir, "name", false)
		if err != nil {
			t.Fatal(err)
		}
		// A folder of the file's name is in its way.
		if err := os.MkdirAll(filepath.Join(f.Path(run.SplitFile), "in the way"), 0o777); err != nil {
			t.Fatal(err)
		}
		err = f.Begin(run.Config{Recipe: training.DefaultRecipe(), DataMD5: set.MD5}, nil)
		if err == nil || !strings.HasPrefix(err.Error(), "writing "+dir+"/split.json: ") {
			t.Errorf("begin: %v", err)
		}
		if err := os.RemoveAll(f.Path(run.SplitFile)); err != nil {
			t.Fatal(err)
		}
		f.Discard()
	}
	unchanged(t, before)
}

// A new run that cannot begin leaves the one that it was to replace as it was: never the one's recipe beside the other's
// weights.
func TestBeginReplacesAllOrNothing(t *testing.T) {
	emptyFolder(t)
	set := cifar.Synthetic(0, 10)
	for _, blocked := range []string{run.ConfigFile, run.SplitFile, run.LastWeights} {
		for _, name := range []string{run.ConfigFile, run.SplitFile, run.MetricsFile, run.BestWeights, run.LastWeights} {
			writeFile(t, "run/"+name, []byte("earlier"))
		}
		if err := os.Remove("run/" + blocked); err != nil {
			t.Fatal(err)
		}
		writeFile(t, "run/"+blocked+"/in the way", nil)
		before := listing(t)
		f, err := run.New("run", "name", true)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Begin(run.Config{Recipe: training.DefaultRecipe(), DataMD5: set.MD5}, nil); err == nil || !strings.HasPrefix(err.Error(), "writing run/"+blocked+": ") {
			t.Errorf("begin: %v", err)
		}
		unchanged(t, before)
		if err := os.RemoveAll("run"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestUnknownDevice(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	saveWeights(t, "w.safetensors", narrow)
	dataFile(t, "data", "test.bin", cifar.TestRecords*cifar.RecordBytes, 0, 0)
	before := listing(t)
	for _, device := range []string{"99", "no such GPU", "-1"} {
		for _, args := range [][]string{
			{"train"}, {"bench", "--json"}, {"devices"},
			{"eval", "--json", "--weights", "w.safetensors", "--data", "data"},
		} {
			o := cnnvk(append(args, "--device", device)...)
			o.failed(t, exitFailed, `vk: no device is called "`+device+`"`, "--device 0 (")
			if args[0] != "train" && o.stdout != "" {
				t.Errorf("%s: standard output has %q", args[0], o.stdout)
			}
			unchanged(t, before)
		}
	}
}

// Without a driver or without the loader every command says what to install; the environment decides that before the
// process starts.
func TestNoVulkan(t *testing.T) {
	fake := fakeDriver(t)
	emptyFolder(t)
	writeFile(t, "no-loader/libvulkan.so.1", nil)
	writeFile(t, "no-loader/libvulkan.so", nil)
	writeFile(t, "empty.json", nil)
	writeFile(t, "fake.json", fmt.Appendf(nil, `{"file_format_version":"1.0.0","ICD":{"library_path":%q,"api_version":"1.1.0"}}`, fake))
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	before := listing(t)
	driver := func(file string) []string { return []string{"VK_ICD_FILENAMES=" + file, "VK_DRIVER_FILES=" + file} }
	loader := loaderInstalled(t)
	for _, c := range []struct {
		why, says, hint string
		there           bool
		env             []string
	}{
		{"no driver", `no device that computes: VK_DRIVER_FILES names /nonexistent\.json, which is not there`, "unset VK_DRIVER_FILES VK_ICD_FILENAMES",
			loader, driver("/nonexistent.json")},
		{"empty driver file", `no device that computes: VK_DRIVER_FILES names \S+/empty\.json, which is empty;`, "unset VK_DRIVER_FILES VK_ICD_FILENAMES",
			loader, driver(filepath.Join(here, "empty.json"))},
		{"driver without compute", `no device that computes: 1 device, which cannot compute \("fake n" has no queue for it\);`, "unset VK_",
			loader && fake != "", append(driver(filepath.Join(here, "fake.json")), "FAKE_DEVICES=n")},
		{"no loader", `vk: no Vulkan loader: `, "apt-get install libvulkan1", runtime.GOOS == "linux", []string{"LD_LIBRARY_PATH=" + filepath.Join(here, "no-loader")}},
	} {
		for _, args := range [][]string{{"train"}, {"bench", "--json"}, {"devices"}} {
			t.Run(c.why+"/"+args[0], func(t *testing.T) {
				if !c.there {
					t.Skip("there is no loader that could look for drivers, or no gcc for a fake one")
				}
				o := child(t, c.env, args...)
				o.failed(t, exitFailed, c.says, c.hint)
				if !strings.Contains(o.stderr, ", or --device cpu") {
					t.Errorf("the hint does not say what works without:\n%s", o.stderr)
				}
				if args[0] != "train" && o.stdout != "" {
					t.Errorf("standard output has %q", o.stdout)
				}
				unchanged(t, before)
			})
		}
	}
}

// fakeDriver builds the driver without hardware that vk tests with, nothing where that is not possible.
func fakeDriver(t *testing.T) string {
	t.Helper()
	compiler, err := exec.LookPath("gcc")
	if err != nil || runtime.GOOS != "linux" {
		return ""
	}
	library := filepath.Join(t.TempDir(), "fake_driver.so")
	build := exec.Command(compiler, "-shared", "-fPIC", "-o", library, filepath.Join("..", "..", "vk", "testdata", "fake_driver.c"))
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return library
}

func loaderInstalled(t *testing.T) bool {
	t.Helper()
	instance, err := vk.Open(vk.Options{})
	if err == nil {
		err = instance.Close()
	}
	return !errors.Is(err, vk.ErrNoLoader)
}

// A rate that no training survives: the error says when, and what is left.
func TestNotFinite(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	args := []string{"train", "--opt", "sgd", "--limit-steps", "9"}
	at := `net: .*step \d+ \(epoch \d+, learning rate \S+\): the loss is not finite$`

	o := cnnvk(append(args, "--lr", "1e30", "--batch-size", "8", "--out", "early")...)
	o.failed(t, exitFailed, at, "--lr 1e+29")
	if strings.Contains(o.stderr, "last good") {
		t.Errorf("there are no good weights yet:\n%s", o.stderr)
	}
	if got := filesIn(t, "early"); !slices.Equal(got, []string{"early/config.yaml", "early/events.jsonl", "early/split.json"}) {
		t.Errorf("left over: %q", got)
	}

	// Every epoch is one step here, so that several are whole before the end.
	p := small()
	p.syntheticImages = 10
	o = p.cnnvk(append(args, "--lr", "1e5", "--batch-size", "8", "--val-ratio", "0.2", "--out", "late")...)
	o.failed(t, exitFailed, at, "the last good weights are in late/weights/last.safetensors")
	if _, err := net.LoadWeights("late/weights/last.safetensors"); err != nil {
		t.Error(err)
	}
	if got := filesIn(t, "late"); !slices.Equal(got, wholeRun("late")) {
		t.Errorf("left over: %q", got)
	}
}

// The weights that are left are those of the last epoch that went well, and no others: a training that ends before the
// bad one leaves the same. On the reference, where the loss is a number still when float32 cannot hold the weights any more.
func TestLastGoodWeights(t *testing.T) {
	emptyFolder(t)
	args := []string{"--opt", "sgd", "--lr", "1e5", "--batch-size", "90", "--out"} // every epoch is a step
	o := quickest(t, append(args, "lost", "--limit-steps", "20")...)
	o.failed(t, exitFailed, `^cnnvk: net: step \d+ \(epoch \d+, learning rate \S+\): features\.\S+ holds \S+, not finite in float32$`,
		"--lr 1e+04; the last good weights are in lost/weights/last.safetensors")
	epochs := strings.Count(read(t, "lost/"+run.MetricsFile), "\n") - 1
	if want := fmt.Sprintf("step %d (epoch %d,", epochs+1, epochs+1); epochs < 1 || !strings.Contains(o.stderr, want) {
		t.Errorf("after %d epochs: %s", epochs, o.stderr)
	}
	quickest(t, append(args, "good", "--limit-steps", fmt.Sprint(epochs))...).ok(t)
	for _, name := range []string{run.BestWeights, run.LastWeights} {
		if sum(t, "lost/"+name) != sum(t, "good/"+name) {
			t.Errorf("%s is not that of the last good epoch", name)
		}
		if _, err := net.LoadWeights("lost/" + name); err != nil {
			t.Error(err)
		}
	}
	if got := filesIn(t, "lost"); len(got) != len(allFiles) {
		t.Errorf("left over: %q", got)
	}
}

// files lists the files below a folder, not the folders.
func filesIn(t *testing.T, folder string) []string {
	t.Helper()
	found := listing(t)
	maps.DeleteFunc(found, func(path, what string) bool {
		return !strings.HasPrefix(path, folder+"/") || strings.HasPrefix(what, "d")
	})
	return slices.Sorted(maps.Keys(found))
}
