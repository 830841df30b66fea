// Package vktest opens a device for tests of other packages.
package vktest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"cnnvk/vk"
)

// Device opens the device that CNNVK_DEVICE names, or the best there is, under the validation layer where it is
// installed. CNNVK_PROFILE=floor shows it as the poorest that Vulkan 1.1 allows. When the test ends everything is closed, and it fails if the layer had something to say or
// an object was left over. Without a device the test is skipped, unless CNNVK_REQUIRE contains "vulkan".
func Device(t testing.TB) *vk.Device {
	t.Helper()
	validation := vk.ValidationAvailable()
	if !validation {
		missing(t, "the validation layer is not installed (Debian: vulkan-validationlayers)", false)
	}
	instance, err := vk.Open(vk.Options{Validation: validation, Floor: floor(t)})
	if err != nil {
		missing(t, "no Vulkan: "+err.Error(), true)
	}
	want := os.Getenv("CNNVK_DEVICE")
	if want == "cpu" {
		want = ""
	}
	info, err := vk.Choose(instance.Devices(), want)
	if err != nil {
		instance.Close()
		missing(t, "no Vulkan device: "+err.Error(), true)
	}
	device, err := instance.OpenDevice(info)
	if err != nil {
		instance.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := device.Close(); err != nil {
			t.Error(err)
		}
		if n := instance.Messages(); n > 0 {
			t.Errorf("the validation layer printed %d messages", n)
		}
		if err := instance.Close(); err != nil {
			t.Error(err)
		}
	})
	return device
}

// floor says whether CNNVK_PROFILE asks for the poorest device that Vulkan 1.1 allows.
func floor(t testing.TB) bool {
	t.Helper()
	switch profile := os.Getenv("CNNVK_PROFILE"); profile {
	case "":
		return false
	case "floor":
		return true
	default:
		t.Fatalf("CNNVK_PROFILE is %q; the one profile is floor", profile)
		return false
	}
}

func missing(t testing.TB, what string, skip bool) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("CNNVK_REQUIRE"), ","), "vulkan") {
		t.Fatalf("CNNVK_REQUIRE names vulkan, but %s", what)
	}
	if skip {
		t.Skip(what)
	}
	t.Log(what)
}
