package vk

import (
	"cnnvk/internal/hints"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The environment variables that tell the loader which drivers there are, in place of those installed.
var driverVariables = []string{"VK_DRIVER_FILES", "VK_ICD_FILENAMES"}

// noDevices is the error of a loader that found nothing to compute on. why is what is known about it, if anything. Where the
// environment names the drivers, that is the likely cause.
func noDevices(why string) error {
	text, hint := "vk: the Vulkan loader found no device that computes", driverHint
	var set, known []string
	if why != "" {
		known = append(known, why)
	}
	for _, name := range driverVariables {
		if files := os.Getenv(name); files != "" {
			set = append(set, name)
			known = append(known, describeDrivers(name, files))
		}
	}
	if set != nil {
		hint = fmt.Sprintf(unsetHint, strings.Join(set, " ")) + ", or see what the loader says to VK_LOADER_DEBUG=error"
	}
	if known != nil {
		text += ": " + strings.Join(known, "; ")
	}
	return hints.With(fmt.Errorf("%s: %w", text, ErrNoDevice), hint)
}

// driversNamed says whether the environment names the drivers.
func driversNamed() bool {
	return slices.ContainsFunc(driverVariables, func(name string) bool { return os.Getenv(name) != "" })
}

// describeDrivers says what a variable's list of files asks the loader for, and what of that is not there.
func describeDrivers(name, files string) string {
	var gone []string
	for _, file := range filepath.SplitList(files) {
		if _, err := os.Stat(file); err != nil {
			gone = append(gone, file)
		}
	}
	switch len(gone) {
	case 0:
		return fmt.Sprintf("%s is %s", name, files)
	case 1:
		return fmt.Sprintf("%s names %s, which is not there", name, gone[0])
	}
	return fmt.Sprintf("%s names %s, which are not there", name, strings.Join(gone, " and "))
}

// unfit is the error of a machine whose devices are all of no use here, each with the reason.
func unfit(reasons []string) error {
	count := "1 device, which cannot compute"
	if len(reasons) > 1 {
		count = fmt.Sprintf("%d devices, none can compute", len(reasons))
	}
	return noDevices(count + " (" + strings.Join(reasons, "; ") + ")")
}
