package vk

import (
	"fmt"
	"strconv"
	"strings"
)

// Choose picks a device. want is "" or "vulkan" for the best one (discrete before integrated, virtual, CPU and other; among
// equals the first), an index, or a part of one device's name in any case. A number that is no index is taken for a
// part of a name ("4090").
//
// The error is [ErrNoDevice], with a hint that lists what there is.
func Choose(infos []Info, want string) (Info, error) {
	if len(infos) == 0 {
		return Info{}, noDevices()
	}
	if want == "" || strings.EqualFold(want, "vulkan") {
		best := infos[0]
		for _, info := range infos[1:] {
			if rank(info.Type) < rank(best.Type) {
				best = info
			}
		}
		return best, nil
	}
	if index, err := strconv.Atoi(want); err == nil {
		for _, info := range infos {
			if info.Index == index {
				return info, nil
			}
		}
	}
	var matches []Info
	for _, info := range infos {
		if strings.Contains(strings.ToLower(info.Name), strings.ToLower(want)) {
			matches = append(matches, info)
		}
	}
	switch len(matches) {
	case 1:
		return matches[0], nil
	case 0:
		return Info{}, &hintedError{fmt.Errorf("vk: no device is called %q: %w", want, ErrNoDevice), listing(infos)}
	}
	return Info{}, &hintedError{
		fmt.Errorf("vk: %d devices are called %q: %w", len(matches), want, ErrNoDevice), listing(matches)}
}

func rank(t DeviceType) int {
	switch t {
	case Discrete:
		return 0
	case Integrated:
		return 1
	case Virtual:
		return 2
	case CPU:
		return 3
	}
	return 4
}

func listing(infos []Info) string {
	var list []string
	for _, info := range infos {
		list = append(list, fmt.Sprintf("--device %d (%s)", info.Index, info.Name))
	}
	return strings.Join(list, ", ")
}

func noDevices() error {
	return &hintedError{fmt.Errorf("vk: the Vulkan loader found no device that computes: %w", ErrNoDevice), driverHint}
}
