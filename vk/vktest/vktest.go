// Package vktest opens a device for tests of other packages.
package vktest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"cnnvk/vk"
)

// Device opens the device that CNNVK_DEVICE names, or the best there is, under the validation layer where it is installed.
// CNNVK_PROFILE=floor shows it as the poorest that Vulkan 1.1 allows. When the test ends everything is closed, and it fails if the
// layer had something to say or an object was left over. Without a device the test is skipped. What CNNVK_REQUIRE names,
// "vulkan" or "validation", must be there.
func Device(t testing.TB) *vk.Device {
	t.Helper()
	return device(t, vk.ValidationAvailable())
}

// Unvalidated is Device without the validation layer, for what an older layer does not know.
func Unvalidated(t testing.TB) *vk.Device {
	t.Helper()
	return device(t, false)
}

func device(t testing.TB, validation bool) *vk.Device {
	t.Helper()
	instance := open(t, validation)
	want := os.Getenv("CNNVK_DEVICE")
	if want == "cpu" {
		want = ""
	}
	info, err := vk.Choose(instance.Devices(), want)
	if err != nil {
		Missing(t, "vulkan", "no Vulkan device: "+err.Error())
	}
	device, err := instance.OpenDevice(info)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := device.Close(); err != nil {
			t.Error(err)
		}
	})
	return device
}

// open opens Vulkan until the test ends.
func open(t testing.TB, validation bool) *vk.Instance {
	t.Helper()
	instance, err := vk.Open(vk.Options{Validation: validation, Floor: floor(t)})
	if err != nil {
		Missing(t, "vulkan", "no Vulkan: "+err.Error())
	}
	t.Cleanup(func() {
		if err := instance.Close(); err != nil {
			t.Error(err)
		}
		if n := instance.Messages(); n > 0 {
			t.Errorf("the validation layer printed %d messages", n)
		}
	})
	if !vk.ValidationAvailable() {
		const why = "the validation layer is not installed (Debian: vulkan-validationlayers)"
		if required("validation") {
			t.Fatal("CNNVK_REQUIRE names validation, but " + why)
		}
		t.Log(why)
	}
	return instance
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

// required says whether CNNVK_REQUIRE names what.
func required(what string) bool {
	return slices.Contains(strings.Split(os.Getenv("CNNVK_REQUIRE"), ","), what)
}

// Missing skips a test for want of something, or fails it where CNNVK_REQUIRE names that.
func Missing(t testing.TB, what, why string) {
	t.Helper()
	if required(what) {
		t.Fatalf("CNNVK_REQUIRE names %s, but %s", what, why)
	}
	t.Skip(why)
}
