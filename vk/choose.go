package vk

import (
	"cnnvk/internal/hints"
	"fmt"
	"strconv"
	"strings"
)

// Choose picks a device. want is "" or "vulkan" for the best one (discrete before integrated, virtual, CPU and other; among
// equals the first), an index, a device's name, or a part of one device's name; names in any case. A number that is no index
// is taken for a part of a name ("4090").
//
// The error is [ErrNoDevice], or [ErrAmbiguous] where several are called so, with a hint that lists what there is.
func Choose(infos []Info, want string) (Info, error) {
	info, _, err := Explain(infos, want)
	return info, err
}

// Explain is Choose, and says in a few words why it is that device: "discrete before cpu".
func Explain(infos []Info, want string) (Info, string, error) {
	if len(infos) == 0 {
		return Info{}, "", noDevices("", nil)
	}
	if want == "" || strings.EqualFold(want, "vulkan") {
		info, why := best(infos)
		return info, why, nil
	}
	if index, err := strconv.Atoi(want); err == nil {
		for _, info := range infos {
			if info.Index == index {
				return info, "asked for by its index", nil
			}
		}
	}
	matches := called(infos, want)
	switch len(matches) {
	case 1:
		return matches[0], "asked for by its name", nil
	case 0:
		return Info{}, "", hints.With(fmt.Errorf("vk: no device is called %q: %w", want, ErrNoDevice), listing(infos))
	}
	return Info{}, "", hints.With(
		fmt.Errorf("vk: %d devices are called %q: %w", len(matches), want, ErrAmbiguous), listing(matches))

}

// called lists the devices of that name, or, if there is none, those with it in their names: one card's name may well be the
// beginning of another's.
func called(infos []Info, want string) []Info {
	var whole, parts []Info
	for _, info := range infos {
		switch {
		case strings.EqualFold(info.Name, want):
			whole = append(whole, info)
		case strings.Contains(strings.ToLower(info.Name), strings.ToLower(want)):
			parts = append(parts, info)
		}
	}
	if whole != nil {
		return whole
	}
	return parts
}

// best is the first device of the best type that there is, and why.
func best(infos []Info) (Info, string) {
	if len(infos) == 1 {
		return infos[0], "the only device"
	}
	first := infos[0]
	for _, info := range infos[1:] {
		if rank(info.Type) < rank(first.Type) {
			first = info
		}
	}
	equals, next := 0, -1
	for i, info := range infos {
		switch {
		case rank(info.Type) == rank(first.Type):
			equals++
		case next < 0 || rank(info.Type) < rank(infos[next].Type):
			next = i
		}
	}
	why := ""
	if next >= 0 {
		why = fmt.Sprintf("%v before %v", first.Type, infos[next].Type)
	}
	if equals > 1 {
		why = strings.TrimPrefix(fmt.Sprintf("%s, the first of %d", why, equals), ", ")
	}
	return first, why
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
