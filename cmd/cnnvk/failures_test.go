package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/engine"
	"cnnvk/net"
	"cnnvk/vk"
)

// A run folder that cannot be one is refused at once, and what lies there stays as it was.
func TestTrainBadOut(t *testing.T) {
	emptyFolder(t)
	writeFile(t, "full/notes.txt", []byte("mine"))
	writeFile(t, "file", []byte("mine"))
	before := listing(t)
	for _, c := range []struct{ out, says, hint string }{
		{"full", `the run folder full is not empty$`, "--out full-2"},
		{"full/", `the run folder full/ is not empty$`, "--out full-2"},
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
		f, err := newRunFolder(dir, "name", false)
		if err != nil {
			t.Fatal(err)
		}
		// A folder of the file's name is in its way.
		if err := os.MkdirAll(filepath.Join(f.path(splitFile), "in the way"), 0o777); err != nil {
			t.Fatal(err)
		}
		err = f.begin(net.DefaultRecipe(), set, "", engine.Device{}, nil)
		if err == nil || !strings.HasPrefix(err.Error(), "writing "+dir+"/split.json: ") {
			t.Errorf("begin: %v", err)
		}
		if err := os.RemoveAll(f.path(splitFile)); err != nil {
			t.Fatal(err)
		}
		f.discard()
	}
	unchanged(t, before)
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
	emptyFolder(t)
	writeFile(t, "no-loader/libvulkan.so.1", nil)
	writeFile(t, "no-loader/libvulkan.so", nil)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	before := listing(t)
	environments := map[string][]string{"no driver": {"VK_ICD_FILENAMES=/nonexistent.json", "VK_DRIVER_FILES=/nonexistent.json"}}
	says := map[string]string{"no driver": "no device that computes", "no loader": "vk: no Vulkan loader: "}
	if !loaderInstalled(t) {
		delete(environments, "no driver")
	}
	if runtime.GOOS == "linux" {
		environments["no loader"] = []string{"LD_LIBRARY_PATH=" + filepath.Join(here, "no-loader")}
	}
	for name, env := range environments {
		for _, args := range [][]string{{"train"}, {"bench", "--json"}, {"devices"}} {
			t.Run(name+"/"+args[0], func(t *testing.T) {
				o := child(t, env, args...)
				o.failed(t, exitFailed, says[name], "or --device cpu")
				if args[0] != "train" && o.stdout != "" {
					t.Errorf("standard output has %q", o.stdout)
				}
				unchanged(t, before)
			})
		}
	}
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

	o := cnnvk(append(args, "--lr", "1e30", "--batch-size", "16", "--out", "early")...)
	o.failed(t, exitFailed, at, "--lr 1e+29")
	if strings.Contains(o.stderr, "last good") {
		t.Errorf("there are no good weights yet:\n%s", o.stderr)
	}
	if got := files(t, "early"); !slices.Equal(got, []string{"early/config.yaml", "early/split.json"}) {
		t.Errorf("left over: %q", got)
	}

	// Every epoch is one step here, so that several are whole before the end.
	o = cnnvk(append(args, "--lr", "1e5", "--batch-size", "90", "--out", "late")...)
	o.failed(t, exitFailed, at, "the last good weights are in late/weights/last.safetensors")
	if _, err := net.LoadWeights("late/weights/last.safetensors"); err != nil {
		t.Error(err)
	}
	want := []string{"late/config.yaml", "late/metrics.csv", "late/split.json", "late/weights/best.safetensors", "late/weights/last.safetensors"}
	if got := files(t, "late"); !slices.Equal(got, want) {
		t.Errorf("left over: %q", got)
	}
}

// files lists the files below a folder, not the folders.
func files(t *testing.T, folder string) []string {
	t.Helper()
	found := listing(t)
	maps.DeleteFunc(found, func(path, what string) bool {
		return !strings.HasPrefix(path, folder+"/") || strings.HasPrefix(what, "d")
	})
	return slices.Sorted(maps.Keys(found))
}

// The hint of an error that ended a training joins its own, what helps, and what is saved.
func TestStopped(t *testing.T) {
	notFinite := fmt.Errorf("net: step 3: %w", net.ErrNotFinite)
	full := fs.ErrPermission
	for _, c := range []struct {
		epochs int
		err    error
		hint   string
	}{
		{0, notFinite, "a smaller rate may help: --lr 0.0001"},
		{3, notFinite, "a smaller rate may help: --lr 0.0001; the last good weights are in r/weights/last.safetensors"},
		{0, full, ""},
		{3, full, "the last good weights are in r/weights/last.safetensors"},
		{3, hintError{full, "--batch-size 8"}, "--batch-size 8; the last good weights are in r/weights/last.safetensors"},
	} {
		f := &runFolder{dir: "r", epochs: c.epochs}
		err := f.stopped(c.err, net.DefaultRecipe())
		if got := hintOf(err); got != c.hint || err.Error() != c.err.Error() {
			t.Errorf("%v, hint %q, want hint %q", err, got, c.hint)
		}
	}
}
