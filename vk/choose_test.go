package vk

import (
	"cnnvk/internal/hints"
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
		{Index: 6, Name: "NVIDIA GeForce RTX 4070 Ti", Type: Discrete},
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
		{machine[4:6], "", 4, ""},
		{machine[5:6], "", 5, ""},
		{[]Info{machine[5], machine[0]}, "", 0, ""},
		{machine, "0", 0, ""},
		{machine, "4", 4, ""},
		{machine, "4090", 2, ""},
		{machine, "nvidia geforce rtx 4070", 3, ""}, // a whole name, though it begins another's
		{machine, "4070", -1, "--device 3 (NVIDIA GeForce RTX 4070), --device 6 (NVIDIA GeForce RTX 4070 Ti)"},
		{machine, "LLVMPIPE", 0, ""},
		{machine, "uhd", 1, ""},
		{machine[:4], "geforce", -1, "--device 2 (NVIDIA GeForce RTX 4090), --device 3 (NVIDIA GeForce RTX 4070)"},
		{machine, "radeon", -1, "--device 0 (llvmpipe (LLVM 15.0.6, 256 bits)), --device 1 (Intel(R) UHD Graphics)"},
		{machine, "17", -1, "--device 0"},
		{machine, "-1", -1, "--device 0"},
		{nil, "", -1, driverHint},
		{nil, "0", -1, driverHint},
	} {
		withoutDriverVariables(t)
		info, err := Choose(c.infos, c.want)
		if c.index >= 0 {
			if err != nil || info.Index != c.index {
				t.Errorf("%q of %d: chose %d, %v; expected %d", c.want, len(c.infos), info.Index, err, c.index)
			}
			continue
		}
		sentinel := ErrNoDevice
		if len(called(c.infos, c.want)) > 1 {
			sentinel = ErrAmbiguous
		}
		if !errors.Is(err, sentinel) || !strings.Contains(hints.Of(err), c.hint) {
			t.Errorf("%q of %d: error %v, expected a hint with %q", c.want, len(c.infos), err, c.hint)
		}
	}
}

// Of devices of one name the run's own is found, wherever it is in the list now; where it is not, one that is alike.
func TestFind(t *testing.T) {
	card := func(index int, name, uuid string) Info {
		return Info{Index: index, Name: name, UUID: uuid, Type: Discrete}
	}
	machine := []Info{card(0, "RTX 4090", "a"), card(1, "RTX 4090", "b"), card(2, "RTX 4090 D", "c"), card(3, "llvmpipe", "")}
	for _, c := range []struct {
		name, uuid string
		index      int // -1: there is none
	}{
		{"RTX 4090", "a", 0}, {"RTX 4090", "b", 1},
		{"RTX 4090", "elsewhere", 0}, {"RTX 4090", "", 0}, // of another machine, or of a run of an earlier version
		{"RTX 4090 with another driver", "b", 1},
		{"RTX 4090 D", "b", 2}, // the name decides on the bits
		{"llvmpipe", "", 3}, {"llvmpipe", "a", 3},
		{"RTX", "", -1}, {"radeon", "d", -1}, {"0", "", -1},
	} {
		info, err := Find(machine, c.name, c.uuid)
		if c.index < 0 && errors.Is(err, ErrNoDevice) && strings.Contains(hints.Of(err), "--device 1 (RTX 4090, b), --device 2 (RTX 4090 D), ") {
			continue
		}
		if err != nil || info.Index != c.index {
			t.Errorf("%q, %q: found %d, %v, expected %d", c.name, c.uuid, info.Index, err, c.index)
		}
	}
	_, err := Choose(machine, "rtx 4090")
	if want := "--device 0 (RTX 4090, a), --device 1 (RTX 4090, b)"; !errors.Is(err, ErrAmbiguous) || hints.Of(err) != want {
		t.Errorf("%v, hint %q, expected %q", err, hints.Of(err), want)
	}
}

func TestExplain(t *testing.T) {
	discrete, integrated, cpu := Info{Index: 0, Name: "big", Type: Discrete}, Info{Index: 1, Name: "small", Type: Integrated},
		Info{Index: 2, Name: "llvmpipe", Type: CPU}
	for _, c := range []struct {
		infos []Info
		want  string
		why   string
	}{
		{[]Info{cpu}, "", "the only device"},
		{[]Info{cpu}, "vulkan", "the only device"},
		{[]Info{cpu, integrated, discrete}, "", "discrete before integrated"},
		{[]Info{cpu, discrete}, "", "discrete before cpu"},
		{[]Info{cpu, integrated, integrated}, "", "integrated before cpu, the first of 2"},
		{[]Info{cpu, cpu, cpu}, "", "the first of 3"},
		{[]Info{discrete, cpu}, "2", "asked for by its index"},
		{[]Info{discrete, cpu}, "PIPE", "asked for by its name"},
	} {
		if _, why, err := Explain(c.infos, c.want); why != c.why || err != nil {
			t.Errorf("%q of %d: %q, %v; expected %q", c.want, len(c.infos), why, err, c.why)
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
		{Info{DriverInfo: "version 0x5"}, "version 0x5"},
	} {
		if got := c.info.DriverLabel(); got != c.want {
			t.Errorf("%q, expected %q", got, c.want)
		}
	}
}
