package vk

import (
	"cnnvk/internal/hints"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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
		garbage: "VK_ICD_FILENAMES is " + garbage,
		folder:  "VK_ICD_FILENAMES is " + folder,
	} {
		withoutDriverVariables(t)
		t.Setenv("VK_ICD_FILENAMES", files)
		openFails(t, says, "VK_ICD_FILENAMES")
	}
	onlyDriver(t, filepath.Join(folder, "no-such-library.so"))
	openFails(t, "VK_DRIVER_FILES is ", "VK_DRIVER_FILES VK_ICD_FILENAMES")
}

func TestUnfitWithoutVariables(t *testing.T) {
	withoutDriverVariables(t)
	err := unfit([]string{`"Vivante" has no queue for it`})
	if hints.Of(err) != driverHint {
		t.Errorf("%v: %v", err, hints.Of(err))
	}
	if !driversNamed() && !errors.Is(instanceError(resultOutOfHostMemory), ErrOutOfMemory) {
		t.Error("out of memory is not")
	}
}
