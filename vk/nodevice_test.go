package vk

import (
	"cnnvk/internal/hints"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// onlyDriver makes the loader see one driver: the library in a file, and none of those installed.
func onlyDriver(t *testing.T, library string) {
	t.Helper()
	description, err := json.Marshal(map[string]any{"file_format_version": "1.0.0",
		"ICD": map[string]string{"library_path": library, "api_version": "1.1.0"}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "driver.json")
	if err := os.WriteFile(file, description, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range driverVariables {
		t.Setenv(name, file)
	}
}

// openFails opens Vulkan, which must not work, in one line that says something and has a hint that contains another.
func openFails(t *testing.T, says, hint string) {
	t.Helper()
	in, err := Open(Options{})
	if err == nil {
		in.Close()
		t.Fatal("found a device")
	}
	if !errors.Is(err, ErrNoDevice) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, expected %q", err, says)
	}
	if !strings.Contains(hints.Of(err), hint) {
		t.Errorf("%v: hint %q, expected %q", err, hints.Of(err), hint)
	}
}

// Devices that are of no use are counted, each with what it lacks.
func TestUnfitDevices(t *testing.T) {
	onlyFakeDriver(t)
	for devices, says := range map[string]string{
		"":   "found no device that computes: ",
		"n":  `: 1 device, which cannot compute ("fake n" has no queue for it); `,
		"o":  `: 1 device, which cannot compute ("fake o" has Vulkan 1.0.5, 1.1 is needed); `,
		"nn": `: 2 devices, none can compute ("fake n" has no queue for it; "fake n" has no queue for it); `,
		"no": `: 2 devices, none can compute ("fake n" has no queue for it; "fake o" has Vulkan 1.0.5, 1.1 is needed); `,
		"!":  ": vkEnumeratePhysicalDevices: initialization failed; ",
	} {
		t.Run("devices "+devices, func(t *testing.T) {
			t.Setenv("FAKE_DEVICES", devices)
			openFails(t, says, "unset VK_")
		})
	}
}

// onlyFakeDriver makes the loader see testdata/fake_driver.c alone.
func onlyFakeDriver(t *testing.T) {
	t.Helper()
	testInstance(t, Options{}) // or there is no loader
	compiler, err := exec.LookPath("gcc")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("the fake driver is built with gcc, on Linux")
	}
	library := filepath.Join(t.TempDir(), "fake_driver.so")
	build := exec.Command(compiler, "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, "testdata/fake_driver.c")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if driver, failure := openLibrary(library, "vk_icdGetInstanceProcAddr"); driver == nil {
		t.Skip("gcc builds for another processor: ", failure)
	}
	onlyDriver(t, library)
}

// Two devices of one name have each their UUID, which is the same on each start; each can be opened.
func TestTwins(t *testing.T) {
	onlyFakeDriver(t)
	t.Setenv("FAKE_DEVICES", "cnc")
	var first []Info
	for range 2 {
		in, err := Open(Options{})
		if err != nil {
			t.Fatal(err)
		}
		infos := in.Devices()
		if len(infos) != 2 || infos[0].Name != "fake c" || infos[1].Name != "fake c" {
			t.Fatalf("found %+v", infos)
		}
		for _, info := range infos {
			chosen, why, err := Explain(infos, strings.ToUpper(info.UUID))
			if err != nil || chosen.Index != info.Index || why != "asked for by its UUID" {
				t.Errorf("%q: chose %d, %s, %v", info.UUID, chosen.Index, why, err)
			}
			d, err := in.OpenDevice(chosen)
			if err != nil {
				t.Fatal(err)
			}
			if d.Info().UUID != info.UUID {
				t.Errorf("opened %q, expected %q", d.Info().UUID, info.UUID)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
		if first != nil && (first[0].UUID != infos[0].UUID || first[1].UUID != infos[1].UUID) || infos[0].UUID != "fa000000-0000-0000-0000-000000000001" {
			t.Errorf("first %+v, then %+v", first, infos)
		}
		first = infos
	}
}

// Drivers that the environment names and that are no drivers.
func TestNoDriver(t *testing.T) {
	testInstance(t, Options{}) // or there is no loader
	folder := t.TempDir()
	garbage := filepath.Join(folder, "garbage.json")
	if err := os.WriteFile(garbage, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	withoutDriverVariables(t)
	t.Setenv("VK_ICD_FILENAMES", garbage)
	if in, err := Open(Options{}); err == nil && runtime.GOOS == "windows" {
		in.Close()
		t.Skip("the loader takes no drivers from the environment: the process is elevated, or this is Wine")
	}
	gone, alsoGone := filepath.Join(folder, "gone.json"), filepath.Join(folder, "also-gone.json")
	for files, says := range map[string]string{
		gone: "VK_ICD_FILENAMES names " + gone + ", which is not there",
		gone + string(filepath.ListSeparator) + alsoGone: "names " + gone + " and " + alsoGone + ", which are not there",
		garbage: "VK_ICD_FILENAMES names " + garbage + ", which is no manifest",
		folder:  "VK_ICD_FILENAMES names " + folder + ", which cannot be read",
		"":      "VK_ICD_FILENAMES is set and empty",
	} {
		withoutDriverVariables(t)
		t.Setenv("VK_ICD_FILENAMES", files)
		openFails(t, says, "VK_ICD_FILENAMES")
	}
	onlyDriver(t, filepath.Join(folder, "no-such-library.so"))
	openFails(t, "no-such-library.so, which is not there", "VK_DRIVER_FILES VK_ICD_FILENAMES")
}

// Drivers that the environment keeps from the loader: the variable that does is named.
func TestNoDriverLeft(t *testing.T) {
	testInstance(t, Options{}) // or there is no loader
	empty, emptyFile := t.TempDir(), t.TempDir()
	icds := filepath.Join(emptyFile, "vulkan", "icd.d")
	if err := errors.Join(os.MkdirAll(icds, 0o777), os.WriteFile(filepath.Join(icds, "empty.json"), nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	for setting, says := range map[string]string{
		"VK_ICD_FILENAMES=":                    "VK_ICD_FILENAMES is set and empty",
		"VK_DRIVER_FILES=":                     "VK_DRIVER_FILES is set and empty",
		"VK_LOADER_DRIVERS_SELECT=nothing*":    "VK_LOADER_DRIVERS_SELECT is nothing*",
		"VK_LOADER_DRIVERS_DISABLE=*":          "VK_LOADER_DRIVERS_DISABLE is *",
		"VK_LOADER_DRIVERS_DISABLE=~all~":      "VK_LOADER_DRIVERS_DISABLE is ~all~",
		"VK_LOADER_DRIVERS_DISABLE=*.json,*lv": "VK_LOADER_DRIVERS_DISABLE is *.json,*lv",
		"XDG_DATA_DIRS=" + empty:               "XDG_DATA_DIRS is " + empty,
		"XDG_DATA_DIRS=" + emptyFile:           "XDG_DATA_DIRS is " + emptyFile,
	} {
		t.Run(setting, func(t *testing.T) {
			withoutDriverVariables(t)
			name, value, _ := strings.Cut(setting, "=")
			t.Setenv(name, value)
			if in, err := Open(Options{}); err == nil {
				in.Close()
				t.Skip("this loader has another way with ", name, ", or drivers elsewhere")
			}
			openFails(t, says, "unset "+name)
		})
	}
}

// A manifest that the loader cannot use is named: in the error where it keeps the loader from working at all, else among the
// instance's problems.
func TestBrokenManifests(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the folders of manifests are Linux's")
	}
	testInstance(t, Options{}) // or there is no loader
	withoutDriverVariables(t)
	driver := func(library string) string {
		return `{"file_format_version":"1.0.0","ICD":{"library_path":"` + library + `","api_version":"1.1.0"}}`
	}
	layer := func(library string) string {
		return `{"file_format_version":"1.0.0","layer":{"name":"VK_LAYER_broken","type":"GLOBAL","library_path":"` + library +
			`","api_version":"1.1.0","implementation_version":"1","description":"","disable_environment":{"NO_BROKEN_LAYER":"1"}}}`
	}
	for _, c := range []struct{ folder, content, fault string }{
		{"icd.d", `{ "file_format_version": "1.0.0", "ICD": { "library_path": `, "is no manifest"},
		{"icd.d", byteOrderMark + driver("libvulkan_lvp.so"), "begins with a byte-order mark"},
		{"icd.d", driver("/nowhere/libdriver.so"), "names the library /nowhere/libdriver.so, which is not there"},
		{"icd.d", driver("libnowhere.so"), ""},
		{"implicit_layer.d", `{ broken`, "is no manifest"},
		{"implicit_layer.d", byteOrderMark + layer("libX11.so"), "begins with a byte-order mark"},
		{"implicit_layer.d", layer("/nowhere/liblayer.so"), "names the library /nowhere/liblayer.so, which is not there"},
		{"implicit_layer.d", layer("libnowhere.so"), ""},
		{"explicit_layer.d", `{ broken`, "is no manifest"},
	} {
		t.Run(c.folder+" "+c.fault, func(t *testing.T) {
			home := t.TempDir()
			file := filepath.Join(home, "vulkan", c.folder, "broken.json")
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o777), os.WriteFile(file, []byte(c.content), 0o666)); err != nil {
				t.Fatal(err)
			}
			t.Setenv("XDG_DATA_HOME", home)
			if fault := manifestFault(file); !strings.HasPrefix(fault, c.fault) || (fault == "") != (c.fault == "") {
				t.Errorf("the fault is %q, expected %q", fault, c.fault)
			}
			in, err := Open(Options{})
			if err != nil {
				openFails(t, file, file+" "+c.fault)
				return
			}
			defer in.Close()
			accused := func(p LoaderProblem) bool { return p.Manifest == file }
			if strings.HasPrefix(c.content, byteOrderMark) && !slices.ContainsFunc(in.Problems(), accused) {
				t.Log("this loader reads past a byte-order mark, as 1.4 does")
				return
			}
			if p := in.Problems(); len(p) != 1 || p[0].Manifest != file || p[0].Text == "" {
				t.Errorf("problems %q", p)
			}
		})
	}
}

// Validation that the environment keeps from the loader is not said to be missing only.
func TestNoLayer(t *testing.T) {
	needValidation(t)
	withoutDriverVariables(t)
	t.Setenv("VK_LAYER_PATH", t.TempDir())
	in, err := Open(Options{Validation: true})
	if err == nil {
		in.Close()
		t.Skip("this loader has layers elsewhere")
	}
	if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "VK_LAYER_PATH is /") || hints.Of(err) != "unset VK_LAYER_PATH" {
		t.Errorf("%v, hint %q", err, hints.Of(err))
	}
	unsetenv(t, "VK_LAYER_PATH")
	if err := instanceError(resultNoLayer, true, nil); hints.Of(err) != validationHint {
		t.Errorf("%v, hint %q", err, hints.Of(err))
	}
}

func TestUnfitWithoutVariables(t *testing.T) {
	withoutDriverVariables(t)
	err := unfit([]string{`"Vivante" has no queue for it`}, nil)
	if hints.Of(err) != driverHint {
		t.Errorf("%v: %v", err, hints.Of(err))
	}
	if !errors.Is(instanceError(resultOutOfHostMemory, false, nil), ErrOutOfMemory) {
		t.Error("out of memory is not")
	}
}
