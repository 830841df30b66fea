package main

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/net"
	"cnnvk/net/safetensors"
	"cnnvk/net/torchfile"
)

// Weights come back from PyTorch's form as they were: every tensor, and what the metadata say of network, classes and preprocessing.
func TestConvertThereAndBack(t *testing.T) {
	emptyFolder(t)
	w := untrained(t, narrow)
	w.Batches = 12
	w.Metadata = map[string]string{"classes": classesOf(t), "seed": "7", "text": "é\n\"<&"}
	if err := w.Save("a.safetensors", cifar.CIFAR100.Mean, cifar.CIFAR100.Std); err != nil {
		t.Fatal(err)
	}
	cnnvk("convert", "a.safetensors", "b.pt").ok(t)
	cnnvk("convert", "b.pt", "c.safetensors").ok(t)
	cnnvk("convert", "c.safetensors", "d.PTH").ok(t)
	was, meta := tensorsIn(t, "a.safetensors")
	for _, name := range []string{"b.pt", "c.safetensors", "d.PTH"} {
		is, same := tensorsIn(t, name)
		if !reflect.DeepEqual(is, was) || !maps.Equal(same, meta) {
			t.Errorf("%s differs: %d tensors, metadata %v, want %v", name, len(is), same, meta)
		}
	}
	for _, pair := range [][2]string{{"a.safetensors", "c.safetensors"}, {"b.pt", "d.PTH"}} {
		a, b := read(t, pair[0]), read(t, pair[1])
		if a != b {
			t.Errorf("%v differ: %d and %d bytes", pair, len(a), len(b))
		}
	}
}

func classesOf(t *testing.T) string {
	t.Helper()
	meta, err := net.Input{Classes: cifar.CIFAR100.Classes}.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	return meta["classes"]
}

// tensorsIn reads a file of weights; its tensors are sorted by name.
func tensorsIn(t *testing.T, path string) (tensors []safetensors.Tensor, meta map[string]string) {
	t.Helper()
	var err error
	if strings.EqualFold(filepath.Ext(path), ".safetensors") {
		tensors, meta, err = safetensors.Read(path)
	} else {
		tensors, meta, _, err = torchfile.Read(path)
	}
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(tensors, func(a, b safetensors.Tensor) int { return strings.Compare(a.Name, b.Name) })
	return tensors, meta
}

func TestConvertRefuses(t *testing.T) {
	emptyFolder(t)
	saveWeights(t, "a.safetensors", narrow)
	writeFile(t, "there.pt", []byte("mine"))
	if err := os.Mkdir("folder.pt", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args       string
		code       int
		says, hint string
	}{
		{"a.safetensors", exitUsage, "needs two files, IN and OUT: 1 given", "cnnvk convert "},
		{"a.safetensors b.pt c.pt", exitUsage, "3 given", "cnnvk convert "},
		{"a.safetensors b.bin", exitUsage, `a name that ends in \.safetensors, `, ""},
		{"a.safetensors b", exitUsage, `a name that ends in \.safetensors, `, ""},
		{"a.safetensors there.pt", exitFailed, "there.pt exists", "--force"},
		{"--force a.safetensors folder.pt", exitFailed, "folder.pt: not a regular file", ""},
		{"a.safetensors none/b.pt", exitFailed, "none/b.pt: no such file or directory", ""},
		{"a.pt/x.pt b.pt", exitFailed, "no such file or directory", "cnnvk train leaves weights in"},
		{"none.pt b.pt", exitFailed, "none.pt: no such file or directory", "cnnvk train leaves weights in"},
		{"there.pt b.safetensors", exitFailed, `there.pt is no PyTorch file: it is a text that begins with "mine"`, "download them again"},
		{"--model tinynet a.safetensors b.pt", exitFailed, "tinynet cannot have widths", "that --model names"},
	} {
		cnnvk(append([]string{"convert"}, strings.Fields(c.args)...)...).failed(t, c.code, c.says, c.hint)
	}
	if got := read(t, "there.pt"); got != "mine" {
		t.Errorf("there.pt was replaced: %.40q", got)
	}
	cnnvk("convert", "a.safetensors", "--force", "there.pt").ok(t) // flags may stand anywhere
	tensorsIn(t, "there.pt")
}

// A network of one's own, in weights that say nothing: --model names it, and the converted file says it.
func TestConvertModel(t *testing.T) {
	emptyFolder(t)
	saveWeights(t, "a.safetensors", narrow)
	writeFile(t, "mine.yaml", []byte(cnnvk("summary", "--model", "tinynet", "--yaml").stdout))
	tensors, _ := tensorsIn(t, "a.safetensors")
	if err := torchfile.Write("plain.pt", tensors, nil); err != nil {
		t.Fatal(err)
	}
	o := cnnvk("convert", "plain.pt", "named.safetensors")
	o.ok(t)
	if _, meta := tensorsIn(t, "named.safetensors"); meta["model"] != net.SmallCIFARNetName || meta["widths"] != "[4,5,6,7,8,9]" {
		t.Errorf("%v", meta)
	}
	if !strings.Contains(o.stdout, "named.safetensors: smallcifarnet, ") {
		t.Error(o.stdout)
	}
}

// bytesOf are a tensor's values as a file has them.
func bytesOf(t *testing.T, x safetensors.Tensor) []byte {
	t.Helper()
	_, data, err := x.Encoded()
	if err != nil {
		t.Fatal(err)
	}
	return data
}
