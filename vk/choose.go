package vk

import (
	"cnnvk/internal/hints"
	"fmt"
	"strconv"
	"strings"
)

// Choose picks a device. want is "" or "vulkan" for the best one (discrete before integrated, virtual, CPU and other; among
// equals the first), an index, a UUID, a device's name, or a part of one device's name; names in any case. A number that is no
// index is taken for a part of a name ("4090").
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
	matches, by := called(infos, want), "name"
	if same := filter(infos, func(i Info) bool { return i.UUID != "" && strings.EqualFold(i.UUID, want) }); same != nil {
		matches, by = same, "UUID"
	}
	switch len(matches) {
	case 1:
		return matches[0], "asked for by its " + by, nil
	case 0:
		return Info{}, "", hints.With(fmt.Errorf("vk: no device is called %q: %w", want, ErrNoDevice), listing(infos))
	}
	return Info{}, "", hints.With(
		fmt.Errorf("vk: %d devices are called %q: %w", len(matches), want, ErrAmbiguous), listing(matches))

}

// Find is the device that had that name and UUID earlier, here or on another machine: the one with both, else the first of that
// name, for devices of one name are alike, else the one of that UUID, which a newer driver may call otherwise. uuid may be empty. The
// error is [ErrNoDevice].
func Find(infos []Info, name, uuid string) (Info, error) {
	named := filter(infos, func(i Info) bool { return i.Name == name })
	same := func(i Info) bool { return uuid != "" && i.UUID == uuid }
	for _, list := range [][]Info{filter(named, same), named, filter(infos, same)} {
		if list != nil {
			return list[0], nil
		}
	}
	return Info{}, hints.With(fmt.Errorf("vk: no device is called %q: %w", name, ErrNoDevice), listing(infos))
}

// called lists the devices of exactly that name or, if there is none, those whose names contain it: one card's name may be the beginning
// of another's.
func called(infos []Info, want string) []Info {
	if whole := filter(infos, func(i Info) bool { return strings.EqualFold(i.Name, want) }); whole != nil {
		return whole
	}
	return filter(infos, func(i Info) bool { return strings.Contains(strings.ToLower(i.Name), strings.ToLower(want)) })
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

// listing says how to name each device. Devices of one name are told apart by their UUIDs.
func listing(infos []Info) string {
	var list []string
	for _, info := range infos {
		name := info.Name
		if len(filter(infos, func(i Info) bool { return i.Name == name })) > 1 && info.UUID != "" {
			name += ", " + info.UUID
		}
		list = append(list, fmt.Sprintf("--device %d (%s)", info.Index, name))
	}
	return strings.Join(list, ", ")
}

// filter lists the devices of which is says yes; nil if there are none.
func filter(infos []Info, is func(Info) bool) []Info {
	var list []Info
	for _, info := range infos {
		if is(info) {
			list = append(list, info)
		}
	}
	return list
}
