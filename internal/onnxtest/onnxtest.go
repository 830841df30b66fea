// Package onnxtest has other programs look at exported networks: onnxruntime, in Node, runs them; the onnx library, in Python, checks them.
// Where one of them is missing the test is skipped with the reason, or fails if CNNVK_REQUIRE names onnx.
package onnxtest

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

var (
	//go:embed run.js
	runScript string
	//go:embed check.py
	checkScript string
)

// Full says whether the tests take their time: batches of 32, and all test images. make onnx sets CNNVK_ONNX.
func Full() bool { return os.Getenv("CNNVK_ONNX") == "full" }

// Run is a network's file and images for it.
type Run struct {
	Model  string // its path
	Images any    // []float32 or []uint8, (N,C,H,W)
	Shape  [4]int
	Batch  int // how many images at once
}

// Output is what came of a Run, (N, Columns).
type Output struct {
	Name    string
	Columns int
	Values  []float32
}

// Runtime runs networks in onnxruntime, which Node finds by NODE_PATH.
func Runtime(t testing.TB, runs ...Run) []Output {
	t.Helper()
	NeedRuntime(t)
	dir := t.TempDir()
	var lines bytes.Buffer
	for i, r := range runs {
		if err := r.write(&lines, filepath.Join(dir, strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("node", "-e", runScript)
	c.Stdin, c.Stderr = &lines, os.Stderr
	answers, err := c.Output()
	if err != nil {
		t.Fatalf("onnxruntime: %v", err)
	}
	var out []Output
	decoder := json.NewDecoder(bytes.NewReader(answers))
	for i := range runs {
		o, err := read(decoder, filepath.Join(dir, strconv.Itoa(i)))
		if err != nil {
			t.Fatalf("onnxruntime answers %s: %v", answers, err)
		}
		out = append(out, o)
	}
	return out
}

// NeedRuntime skips the test where Runtime would, before anything is computed.
func NeedRuntime(t testing.TB) {
	t.Helper()
	need(t, "onnxruntime-node, which make onnx installs", tryRuntime())
}

var tryRuntime = sync.OnceValue(func() error { return exec.Command("node", "-e", "require('onnxruntime-node')").Run() })

// write writes the images beside path, and into lines what run.js is told.
func (r Run) write(lines *bytes.Buffer, path string) error {
	kind := "float32"
	if _, is := r.Images.([]uint8); is {
		kind = "uint8"
	}
	var raw bytes.Buffer
	if err := binary.Write(&raw, binary.LittleEndian, r.Images); err != nil {
		return err
	}
	if err := os.WriteFile(path+".images", raw.Bytes(), 0o644); err != nil {
		return err
	}
	return json.NewEncoder(lines).Encode(map[string]any{
		"model": r.Model, "images": path + ".images", "type": kind, "shape": r.Shape, "batch": r.Batch, "output": path,
	})
}

// read reads an answer of run.js, and the values beside it.
func read(answers *json.Decoder, path string) (Output, error) {
	var is struct {
		Name  string
		Shape [2]int
	}
	if err := answers.Decode(&is); err != nil {
		return Output{}, err
	}
	raw, err := os.ReadFile(path)
	if err == nil && len(raw) != 4*is.Shape[0]*is.Shape[1] {
		err = fmt.Errorf("%d bytes of %v values", len(raw), is.Shape)
	}
	out := Output{is.Name, is.Shape[1], make([]float32, len(raw)/4)}
	for i := range out.Values {
		out.Values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out, err
}

// Check has the onnx library check files, and returns what it says of them, a line each.
func Check(t testing.TB, paths ...string) string {
	t.Helper()
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	dir := t.TempDir() // not one with a folder onnx, which Python would take for the library
	try := exec.Command(python, "-c", "import onnx")
	try.Dir = dir
	need(t, "python3-onnx", try.Run())
	c := exec.Command(python, append([]string{"-c", checkScript}, paths...)...)
	c.Dir = dir
	said, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("onnx: %v\n%s", err, said)
	}
	return string(said)
}

// need skips the test where a trial of something ended in an error.
func need(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil && slices.Contains(strings.Split(os.Getenv("CNNVK_REQUIRE"), ","), "onnx") {
		t.Fatalf("CNNVK_REQUIRE names onnx, but there is no %s (%v)", what, err)
	}
	if err != nil {
		t.Skipf("no %s (%v)", what, err)
	}
}
