package vk

import (
	"errors"
	"fmt"
)

// What can be asked of an error with errors.Is.
var (
	ErrNoLoader    = errors.New("no Vulkan loader")             // libvulkan is not installed
	ErrNoDevice    = errors.New("no such Vulkan device")        // there is none, or none as asked for
	ErrAmbiguous   = errors.New("more than one device")         // that a name fits
	ErrDeviceLost  = errors.New("device lost")                  // everything made from the device is gone; open it anew
	ErrOutOfMemory = errors.New("out of memory")                // of the device or of the host
	ErrTimeout     = errors.New("timeout")                      // work was not done in the time given
	ErrUnsupported = errors.New("not supported by this device") // a limit or a missing feature
	ErrUsage       = errors.New("invalid use")                  // the caller's mistake; no call was made
)

// Error is a failed Vulkan call.
type Error struct {
	Call   string // "vkAllocateMemory"
	Result int32  // the VkResult
	Detail string // what was asked for and of whom: `of 134 MiB on "llvmpipe"`; may be empty

	// With ErrOutOfMemory, where the call was for memory:
	Free      int64 // bytes that the driver says could still be had
	FreeKnown bool  // whether it says
}

func (e *Error) Error() string {
	call, result := e.Call, resultText(e.Result)
	if e.Detail != "" {
		call += " " + e.Detail
	}
	if e.FreeKnown {
		result += " (" + byteText(e.Free) + " free)"
	}
	return "vk: " + call + ": " + result
}

// Unwrap gives the sentinel that the result stands for, nil where there is none.
func (e *Error) Unwrap() error { return results[e.Result].sentinel }

// The VkResult values of the specification; the binding's names for them lack those of later extensions.
const (
	resultSuccess              = 0
	resultNotReady             = 1
	resultTimeout              = 2
	resultOutOfHostMemory      = -1
	resultOutOfDeviceMemory    = -2
	resultInitializationFailed = -3
	resultDeviceLost           = -4
	resultNoLayer              = -6
	resultIncompatible         = -9
)

var results = map[int32]struct {
	text     string
	sentinel error
}{
	resultNotReady:             {"not ready", nil},
	resultTimeout:              {"timeout", ErrTimeout},
	5:                          {"incomplete", nil},
	resultOutOfHostMemory:      {"out of host memory", ErrOutOfMemory},
	resultOutOfDeviceMemory:    {"out of device memory", ErrOutOfMemory},
	resultInitializationFailed: {"initialization failed", nil},
	resultDeviceLost:           {"device lost", ErrDeviceLost},
	-5:                         {"memory map failed", ErrOutOfMemory},
	resultNoLayer:              {"layer not present", ErrUnsupported},
	-7:                         {"extension not present", ErrUnsupported},
	-8:                         {"feature not present", ErrUnsupported},
	resultIncompatible:         {"incompatible driver", ErrUnsupported},
	-10:                        {"too many objects", ErrOutOfMemory},
	-11:                        {"format not supported", ErrUnsupported},
	-12:                        {"fragmented pool", ErrOutOfMemory},
	-13:                        {"unknown error", nil},
	-1000012000:                {"invalid shader", nil},
	-1000069000:                {"out of pool memory", ErrOutOfMemory},
	-1000161000:                {"fragmentation", ErrOutOfMemory},
}

func resultText(result int32) string {
	if r, known := results[result]; known {
		return r.text
	}
	return fmt.Sprintf("VkResult %d", result)
}

// unsupported is a request that this device cannot serve.
func unsupported(format string, args ...any) error {
	return fmt.Errorf("vk: %s: %w", fmt.Sprintf(format, args...), ErrUnsupported)
}

// byteText is a number of bytes for an error message.
func byteText(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 40, "TiB"}, {1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= 10*unit.size || n >= unit.size && n%unit.size == 0 {
			return fmt.Sprintf("%d %s", n/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

// usable is the error of a call on a closed device.
func (d *Device) usable() error {
	if d.closed {
		return usage("%q is closed", d.info.Name)
	}
	return nil
}

// usage is a mistake of the caller.
func usage(format string, args ...any) error {
	return fmt.Errorf("vk: %s: %w", fmt.Sprintf(format, args...), ErrUsage)
}

// failed is the error of a Vulkan call on this device.
func (d *Device) failed(call string, result int32, detail string) error {
	on := fmt.Sprintf("on %q", d.info.Name)
	if detail != "" {
		on = detail + " " + on
	}
	return &Error{Call: call, Result: result, Detail: on}
}
