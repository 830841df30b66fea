package vktest

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"cnnvk/vk"
)

// again runs a test of this package in a process of its own, with additions to the environment, and returns what it prints.
func again(t *testing.T, test string, env ...string) (output string, passed bool) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.v")
	child.Env = append(os.Environ(), env...)
	text, err := child.CombinedOutput()
	return string(text), err == nil
}

// TestDevice does what a test of another package does.
func TestDevice(t *testing.T) {
	x, err := Device(t).NewBuffer(64, vk.DeviceLocal, "x")
	if err != nil {
		t.Fatal(err)
	}
	x.Destroy()
}

// A message of the layer fails a test. The layer's advice on best practices, which nobody can follow wholly, is one.
func TestMessageFails(t *testing.T) {
	if !vk.ValidationAvailable() {
		t.Skip("the validation layer is not installed")
	}
	Device(t) // or there is none
	output, passed := again(t, "TestDevice", "VK_LAYER_ENABLES=VK_VALIDATION_FEATURE_ENABLE_BEST_PRACTICES_EXT")
	if passed || !strings.Contains(output, "the validation layer printed ") {
		t.Errorf("passed: %t\n%s", passed, output)
	}
}

// What CNNVK_REQUIRE names must be there; else a test without it is skipped, or goes on.
func TestRequired(t *testing.T) {
	Device(t) // or there is none
	folder := t.TempDir()
	withoutDriver := []string{"VK_ICD_FILENAMES=" + folder + "/gone.json", "VK_DRIVER_FILES=" + folder + "/gone.json"}
	withoutLayer := []string{"VK_LAYER_PATH=" + folder}
	for _, c := range []struct {
		env     []string
		require string
		says    string
		passes  bool
	}{
		{withoutDriver, "shared", "--- SKIP: TestDevice", true},
		{withoutDriver, "validation,vulkan", "CNNVK_REQUIRE names vulkan, but no Vulkan: ", false},
		{withoutLayer, "shared,vulkan", "the validation layer is not installed", true},
		{withoutLayer, "vulkan,validation", "CNNVK_REQUIRE names validation, but ", false},
	} {
		output, passed := again(t, "TestDevice", append(c.env, "CNNVK_REQUIRE="+c.require)...)
		if passed != c.passes || !strings.Contains(output, c.says) {
			t.Errorf("%v, %s: passed %t\n%s", c.env, c.require, passed, output)
		}
	}
}
