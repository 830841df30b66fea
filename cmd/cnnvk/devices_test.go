package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"cnnvk/internal/memlimit"
	"cnnvk/vk"
)

func TestDevicesJSON(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	o := cnnvk("devices", "--json")
	o.ok(t)
	var list deviceList
	decoder := json.NewDecoder(strings.NewReader(o.stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&list); err != nil || decoder.More() {
		t.Fatalf("not one JSON value alone: %v\n%s", err, o.stdout)
	}
	if len(list.Devices) == 0 || list.Why == "" || o.stderr != "" {
		t.Fatalf("%+v\n%s", list, o.stderr)
	}
	for i, d := range list.Devices {
		if d.Index != i || d.Name == "" || d.Type == "" || d.driver() == "" || d.MemoryBytes <= 0 || d.Limits.StorageBufferBytes < 1<<27 ||
			(d.FreeBytes != nil) != d.Features.MemoryBudget {
			t.Errorf("device %d: %+v", i, d)
		}
	}
	// What it says is chosen can be asked for.
	again := cnnvk("devices", "--json", "--device", list.Chosen)
	again.ok(t)
	if want := `"why": "asked for by its index, --device ` + list.Chosen; !strings.Contains(again.stdout, want) {
		t.Errorf("no %s in\n%s", want, again.stdout)
	}
}

func TestDevicesVerbose(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	for _, flag := range []string{"-v", "--verbose"} {
		o := cnnvk("devices", flag)
		o.ok(t)
		for _, word := range []string{"one storage buffer", "texels", "shared memory", "subgroup", "float16", "16-bit", "timestamps", "portability", "cooperative matrices"} {
			if !strings.Contains(o.stdout, word) {
				t.Errorf("no %s in\n%s", word, o.stdout)
			}
		}
	}
}

// CNNVK_PROFILE=floor shows what is left of a device.
func TestDevicesFloor(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	t.Setenv("CNNVK_PROFILE", "floor")
	o := cnnvk("devices", "--json")
	o.ok(t)
	var list deviceList
	if err := json.Unmarshal([]byte(o.stdout), &list); err != nil {
		t.Fatal(err)
	}
	for _, d := range list.Devices {
		if d.Limits.StorageBuffersPerStage != 4 || d.Limits.SharedMemoryBytes > 16<<10 || d.Features.Timestamps || d.Features.ShaderFloat16 {
			t.Errorf("above the floor: %+v", d)
		}
	}
	t.Setenv("CNNVK_PROFILE", "flor")
	cnnvk("devices").failed(t, exitUsage, `CNNVK_PROFILE is "flor"`, "CNNVK_PROFILE=floor")
}

// The reference executor needs no Vulkan, and so neither does the list of devices if it is asked for.
func TestDevicesWithoutVulkan(t *testing.T) {
	emptyFolder(t)
	gone := filepath.Join(t.TempDir(), "gone.json")
	env := []string{"VK_ICD_FILENAMES=" + gone, "VK_DRIVER_FILES=" + gone, "CNNVK_DEVICE="}
	o := child(t, env, "devices", "--device", "cpu")
	o.ok(t)
	if !strings.Contains(o.stdout, "*  cpu ") || !strings.Contains(o.stdout, "device cpu is used: asked for by its name, --device cpu\n") {
		t.Error(o.stdout)
	}
	o = child(t, env, "devices", "--json", "--device", "CPU")
	o.ok(t)
	if !strings.Contains(o.stdout, `"devices": []`) || !strings.Contains(o.stdout, `"chosen": "cpu"`) {
		t.Error(o.stdout)
	}
	if loaderInstalled(t) {
		child(t, env, "devices").failed(t, exitFailed, "VK_ICD_FILENAMES names "+gone+", which is not there", "unset VK_")
	}
}

func TestPrintDevices(t *testing.T) {
	heaps := []vk.Heap{{Size: 1 << 40}, {Size: 8 << 30, DeviceLocal: true, Budget: 7 << 30, Usage: 1 << 29}}
	infos := []vk.Info{
		{Index: 0, Name: "llvmpipe", Type: vk.CPU, Driver: "llvmpipe", APIVersion: "1.3.230", Heaps: []vk.Heap{{Size: 2 << 30, DeviceLocal: true}}},
		{Index: 1, Name: "GeForce", Type: vk.Discrete, DriverInfo: "version 0x5", APIVersion: "1.4.1", Heaps: heaps},
	}
	list := deviceList{Chosen: "1", Why: "discrete before cpu"}
	for _, info := range infos {
		list.Devices = append(list.Devices, report(info))
	}
	var out bytes.Buffer
	if err := list.print(&out); err != nil {
		t.Fatal(err)
	}
	want := `
   INDEX  NAME                   TYPE      MEMORY   FREE     DRIVER       VULKAN
   0      llvmpipe               cpu       2.0 GiB  ?        llvmpipe     1.3.230
*  1      GeForce                discrete  8.0 GiB  6.5 GiB  version 0x5  1.4.1
   cpu    Go reference executor  cpu       -        -        float64      -
device 1 is used: discrete before cpu
`
	if got := "\n" + out.String(); got != want {
		t.Errorf("%s\nexpected%s", got, want)
	}
}

func TestPrintLimits(t *testing.T) {
	list := deviceList{Chosen: "cpu", Limits: []reportLimit{{"ulimit -v", memlimit.AddressSpace.String(), 3 << 30, 1 << 30}}}
	var out bytes.Buffer
	if err := list.print(&out); err != nil {
		t.Fatal(err)
	}
	if want := "devices of type cpu have 3.0 GiB of address space at most, 1.0 GiB of it left (ulimit -v)\n"; !strings.Contains(out.String(), want) {
		t.Errorf("no %q in\n%s", want, out.String())
	}
}

func TestAskedBy(t *testing.T) {
	for _, c := range []struct{ want, environment, says string }{
		{"", "", ""}, {"vulkan", "", ""}, {"Vulkan", "Vulkan", ""},
		{"1", "", ", --device 1"}, {"1", "1", ", CNNVK_DEVICE=1"}, {"1", "0", ", --device 1"},
	} {
		t.Setenv("CNNVK_DEVICE", c.environment)
		if got := askedBy(c.want); got != c.says {
			t.Errorf("%q with CNNVK_DEVICE=%q: %q, expected %q", c.want, c.environment, got, c.says)
		}
	}
}
