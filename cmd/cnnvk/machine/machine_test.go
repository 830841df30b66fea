package machine

import (
	"os"
	"slices"
	"strings"
	"testing"

	"cnnvk/vk"
)

// openVulkan opens the Vulkan device that CNNVK_DEVICE names, or the best one, under the validation layer where that is installed, until
// the test ends. The test is skipped where there is none, unless CNNVK_REQUIRE names vulkan. Its cache folder is empty.
func openVulkan(t *testing.T) *Machine {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if _, set := os.LookupEnv("CNNVK_VALIDATION"); !set && vk.ValidationAvailable() {
		t.Setenv("CNNVK_VALIDATION", "1")
	}
	device := os.Getenv("CNNVK_DEVICE")
	if WantsCPU(device) {
		device = ""
	}
	m, err := Open(Options{Device: device})
	if IsNoVulkan(err) && !slices.Contains(strings.Split(os.Getenv("CNNVK_REQUIRE"), ","), "vulkan") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}
