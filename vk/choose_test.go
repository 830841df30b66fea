package vk

import (
	"errors"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	machine := []Info{
		{Index: 0, Name: "llvmpipe (LLVM 15.0.6, 256 bits)", Type: CPU},
		{Index: 1, Name: "Intel(R) UHD Graphics", Type: Integrated},
		{Index: 2, Name: "NVIDIA GeForce RTX 4090", Type: Discrete},
		{Index: 3, Name: "NVIDIA GeForce RTX 4070", Type: Discrete},
		{Index: 4, Name: "Virtio-GPU", Type: Virtual},
		{Index: 5, Name: "a board", Type: Other},
	}
	for _, c := range []struct {
		infos []Info
		want  string
		index int    // -1: an error
		hint  string // part of the error's
	}{
		{machine, "", 2, ""},
		{machine, "vulkan", 2, ""},
		{machine, "Vulkan", 2, ""},
		{machine[:2], "", 1, ""},
		{machine[3:], "", 3, ""},
		{machine[4:], "", 4, ""},
		{machine[5:], "", 5, ""},
		{[]Info{machine[5], machine[0]}, "", 0, ""},
		{machine, "0", 0, ""},
		{machine, "4", 4, ""},
		{machine, "4070", 3, ""},
		{machine, "LLVMPIPE", 0, ""},
		{machine, "uhd", 1, ""},
		{machine, "geforce", -1, "--device 2 (NVIDIA GeForce RTX 4090), --device 3 (NVIDIA GeForce RTX 4070)"},
		{machine, "radeon", -1, "--device 0 (llvmpipe (LLVM 15.0.6, 256 bits)), --device 1 (Intel(R) UHD Graphics)"},
		{machine, "17", -1, "--device 0"},
		{machine, "-1", -1, "--device 0"},
		{nil, "", -1, driverHint},
		{nil, "0", -1, driverHint},
	} {
		info, err := Choose(c.infos, c.want)
		if c.index >= 0 {
			if err != nil || info.Index != c.index {
				t.Errorf("%q of %d: chose %d, %v; expected %d", c.want, len(c.infos), info.Index, err, c.index)
			}
			continue
		}
		var hinted Hinted
		if !errors.Is(err, ErrNoDevice) || !errors.As(err, &hinted) || !strings.Contains(hinted.Hint(), c.hint) {
			t.Errorf("%q of %d: error %v, expected a hint with %q", c.want, len(c.infos), err, c.hint)
		}
	}
}

func TestDriverLabel(t *testing.T) {
	for _, c := range []struct {
		info Info
		want string
	}{
		{Info{Driver: "llvmpipe", DriverInfo: "Mesa 22.3.6 (LLVM 15.0.6)"}, "llvmpipe Mesa 22.3.6 (LLVM 15.0.6)"},
		{Info{Driver: "SwiftShader driver"}, "SwiftShader driver"},
		{Info{DriverInfo: "driver version 0x5"}, "driver version 0x5"},
	} {
		if got := c.info.DriverLabel(); got != c.want {
			t.Errorf("%q, expected %q", got, c.want)
		}
	}
}
