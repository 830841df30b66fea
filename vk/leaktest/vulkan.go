package leaktest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

//go:embed testdata/counting_layer.c
var layerSource []byte

// layerName is the counting layer's for Vulkan's loader.
const layerName = "VK_LAYER_CNNVK_counting"

// Vulkan is what Vulkan was asked for, as a layer between the program and the driver saw it.
type Vulkan struct {
	path string // of the layer's notes
}

// Device is what one device was asked for, from its opening to its end.
type Device struct {
	Made, Left map[string]int // objects by kind, such as "Buffer"; vkAllocateMemory's are "Memory"
	Allocated  int64          // bytes of vkAllocateMemory that were not freed
	Peak       int64          // the most bytes at any time
	Together   int            // calls that compiled pipelines at the same time, at most
}

// LeftOver lists the objects that were not destroyed before the device: "2 Buffer".
func (d Device) LeftOver() string {
	var left []string
	for _, kind := range slices.Sorted(maps.Keys(d.Left)) {
		if d.Left[kind] != 0 {
			left = append(left, fmt.Sprint(d.Left[kind], " ", kind))
		}
	}
	return strings.Join(left, ", ")
}

// CountVulkan puts a layer under every Vulkan instance that is made from now to the end of the test. One device may be open at a
// time. The validation layer is out of sight meanwhile, and nothing requires it. Where no layer can be built the test is skipped.
func CountVulkan(t *testing.T) *Vulkan {
	t.Helper()
	compiler, err := exec.LookPath("gcc")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("the counting layer is built with gcc, on Linux")
	}
	folder := t.TempDir()
	library := filepath.Join(folder, "counting_layer.so")
	build := exec.Command(compiler, "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, "-x", "c", "-", "-lpthread")
	build.Stdin = bytes.NewReader(layerSource)
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	manifest, err := json.Marshal(map[string]any{"file_format_version": "1.1.0", "layer": map[string]string{
		"name": layerName, "type": "GLOBAL", "library_path": library, "api_version": "1.3.0",
		"implementation_version": "1", "description": "counts"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "counting_layer.json"), manifest, 0o600); err != nil {
		t.Fatal(err)
	}
	v := &Vulkan{filepath.Join(folder, "notes.json")}
	t.Setenv("VK_LAYER_PATH", folder)
	t.Setenv("CNNVK_REQUIRE", strings.ReplaceAll(os.Getenv("CNNVK_REQUIRE"), "validation", ""))
	t.Setenv("VK_INSTANCE_LAYERS", layerName)
	t.Setenv("CNNVK_COUNTED", v.path)
	return v
}

// Meet makes each call that compiles a pipeline, from now to the end of the test, wait until so many have been there at the same time, but for
// three seconds at most.
func (v *Vulkan) Meet(t *testing.T, calls int) {
	t.Helper()
	t.Setenv("CNNVK_MEET", strconv.Itoa(calls))
}

// Devices are the devices that were opened and closed since the last call. It is an error of the test if one is still open, or an
// instance.
func (v *Vulkan) Devices(t *testing.T) []Device {
	t.Helper()
	notes, err := os.Open(v.path)
	if err != nil {
		t.Fatal("the counting layer was not used: ", err)
	}
	defer os.Remove(v.path)
	defer notes.Close()
	var ended []Device
	instances, devices := 0, 0
	for in := json.NewDecoder(notes); in.More(); {
		var note struct {
			Instances, Devices int
			Device
		}
		if err := in.Decode(&note); err != nil {
			t.Fatal(err)
		}
		instances += note.Instances
		devices += note.Devices
		if note.Devices < 0 {
			ended = append(ended, note.Device)
		}
	}
	if instances != 0 || devices != 0 {
		t.Errorf("%d instances and %d devices of Vulkan are open", instances, devices)
	}
	return ended
}
