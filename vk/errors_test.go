package vk

import (
	"cnnvk/internal/hints"
	"errors"
	"fmt"
	"testing"
)

func TestErrorText(t *testing.T) {
	sentinels := []error{ErrNoLoader, ErrNoDevice, ErrAmbiguous, ErrDeviceLost, ErrOutOfMemory, ErrTimeout, ErrUnsupported, ErrUsage}
	for _, c := range []struct {
		err  *Error
		text string
		is   error
	}{
		{&Error{Call: "vkAllocateMemory", Result: -2, Detail: `of 134 MiB on "llvmpipe"`},
			`vk: vkAllocateMemory of 134 MiB on "llvmpipe": out of device memory`, ErrOutOfMemory},
		{&Error{Call: "vkAllocateMemory", Result: -2, Detail: `of 134 MiB on "llvmpipe"`, Free: 52 << 20, FreeKnown: true},
			`vk: vkAllocateMemory of 134 MiB on "llvmpipe": out of device memory (52 MiB free)`, ErrOutOfMemory},
		{&Error{Call: "vkAllocateMemory", Result: -2, FreeKnown: true},
			"vk: vkAllocateMemory: out of device memory (0 bytes free)", ErrOutOfMemory},
		{&Error{Call: "vkMapMemory", Result: -1}, "vk: vkMapMemory: out of host memory", ErrOutOfMemory},
		{&Error{Call: "vkQueueSubmit", Result: -4}, "vk: vkQueueSubmit: device lost", ErrDeviceLost},
		{&Error{Call: "vkWaitForFences", Result: 2}, "vk: vkWaitForFences: timeout", ErrTimeout},
		{&Error{Call: "vkCreateDevice", Result: -8}, "vk: vkCreateDevice: feature not present", ErrUnsupported},
		{&Error{Call: "vkCreateDevice", Result: -3}, "vk: vkCreateDevice: initialization failed", nil},
		{&Error{Call: "vkCreateDevice", Result: -12345}, "vk: vkCreateDevice: VkResult -12345", nil},
	} {
		if c.err.Error() != c.text {
			t.Errorf("%q, expected %q", c.err, c.text)
		}
		for _, sentinel := range sentinels {
			if is := errors.Is(fmt.Errorf("epoch 3: %w", c.err), sentinel); is != (sentinel == c.is) {
				t.Errorf("%v is %v: %t", c.err, sentinel, is)
			}
		}
	}
}

func TestHintSurvivesWrapping(t *testing.T) {
	withoutDriverVariables(t)
	err := fmt.Errorf("train: %w", noDevices("", nil))
	if hints.Of(err) != driverHint || !errors.Is(err, ErrNoDevice) {
		t.Errorf("%v has lost its hint or its kind", err)
	}
}

func TestByteText(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 100: "100 bytes", 1 << 10: "1 KiB", 1500: "1500 bytes", 15000: "14 KiB", 134 << 20: "134 MiB",
		134<<20 + 5: "134 MiB", 1 << 40: "1 TiB", 3<<29 + 1: "1536 MiB",
	} {
		if got := byteText(n); got != want {
			t.Errorf("%d: %q, expected %q", n, got, want)
		}
	}
}
