package vk

import (
	"cnnvk/internal/hints"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The environment variables that tell the loader which drivers there are, in place of those installed, and which of them to use.
var (
	driverVariables = []string{"VK_DRIVER_FILES", "VK_ICD_FILENAMES"}
	filterVariables = []string{"VK_LOADER_DRIVERS_SELECT", "VK_LOADER_DRIVERS_DISABLE"}
	layerVariables  = []string{"VK_LAYER_PATH", "VK_INSTANCE_LAYERS", "VK_LOADER_LAYERS_ENABLE", "VK_LOADER_LAYERS_DISABLE"}
)

const dataFolders = "XDG_DATA_DIRS"

// noLayer is the error of a layer that is missing or cannot be used. If the environment chooses the layers, that is the likely cause. If
// not, the validation layer can be installed.
func noLayer(err error, validation bool) error {
	var set, described []string
	for _, name := range layerVariables {
		if value, is := os.LookupEnv(name); is {
			set, described = append(set, name), append(described, name+" is "+value)
		}
	}
	switch {
	case set != nil:
		return hints.With(fmt.Errorf("%w; %s", err, strings.Join(described, "; ")), fmt.Sprintf(unsetHint, strings.Join(set, " ")))
	case validation:
		return hints.With(err, validationHint)
	}
	return err
}

// unfit is the error of a machine none of whose devices can be used, with the reason for each.
func unfit(reasons []string, problems []LoaderProblem) error {
	count := "1 device, which cannot compute"
	if len(reasons) > 1 {
		count = fmt.Sprintf("%d devices, none can compute", len(reasons))
	}
	return noDevices(count+" ("+strings.Join(reasons, "; ")+")", problems)
}

// noDevices is the error of a loader that found no usable device. why says what is known, if anything. Likely causes are the loader's
// problems and what the environment asks of it.
func noDevices(why string, problems []LoaderProblem) error {
	var known, advice []string
	if why != "" {
		known = append(known, why)
	}
	set, described := driverSettings()
	known = append(known, described...)
	for _, p := range problems {
		if p.Manifest != "" && strings.Contains(strings.Join(described, "; "), p.Manifest) {
			continue
		}
		known = append(known, p.String())
		if fault := manifestFault(p.Manifest); p.Manifest != "" && fault != "" {
			advice = append(advice, p.Manifest+" "+fault+": correct it or move it away")
		} else if p.Manifest != "" {
			advice = append(advice, "correct "+p.Manifest+" or move it away")
		}
	}
	if set != nil {
		advice = append(advice, fmt.Sprintf(unsetHint, strings.Join(set, " ")))
	}
	if advice == nil {
		advice = append(advice, driverHint)
	} else if problems == nil {
		advice = append(advice, "see what the loader says to VK_LOADER_DEBUG=error")
	}
	text := "vk: the Vulkan loader found no device that computes"
	if known != nil {
		text += ": " + strings.Join(known, "; ")
	}
	return hints.With(fmt.Errorf("%s: %w", text, ErrNoDevice), strings.Join(advice, ", or "))
}

// driverSettings are the environment variables that are set and change which drivers the loader uses, and a description of each.
func driverSettings() (set, described []string) {
	note := func(name, text string) {
		set, described = append(set, name), append(described, text)
	}
	for _, name := range driverVariables {
		if files, is := os.LookupEnv(name); is {
			note(name, describeDrivers(name, files))
		}
	}
	if folders := os.Getenv(dataFolders); set == nil && folders != "" && !haveDrivers(filepath.SplitList(folders)) {
		note(dataFolders, fmt.Sprintf("%s is %s, where vulkan/icd.d describes no driver", dataFolders, folders))
	}
	for _, name := range filterVariables {
		if filter := os.Getenv(name); filter != "" {
			note(name, fmt.Sprintf("%s is %s", name, filter))
		}
	}
	return set, described
}

// describeDrivers says what a variable's list of files asks the loader for, and what is wrong with them.
func describeDrivers(name, files string) string {
	if files == "" {
		return name + " is set and empty"
	}
	var gone, faults []string
	for _, file := range filepath.SplitList(files) {
		if _, err := os.Stat(file); err != nil {
			gone = append(gone, file)
		} else if fault := manifestFault(file); fault != "" {
			faults = append(faults, file+", which "+fault)
		}
	}
	switch {
	case len(gone) == 1:
		return fmt.Sprintf("%s names %s, which is not there", name, gone[0])
	case len(gone) > 1:
		return fmt.Sprintf("%s names %s, which are not there", name, strings.Join(gone, " and "))
	case len(faults) > 0:
		return fmt.Sprintf("%s names %s", name, strings.Join(faults, ", and "))
	}
	return fmt.Sprintf("%s is %s", name, files)
}

// haveDrivers says whether any of the folders describes a driver, as far as that can be seen.
func haveDrivers(folders []string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool {
		files, err := filepath.Glob(filepath.Join(folder, "vulkan", "icd.d", "*.json"))
		return err == nil && slices.ContainsFunc(files, func(file string) bool { return manifestFault(file) == "" })
	})
}

// String is the loader's words, with the manifest if they lack it.
func (p LoaderProblem) String() string {
	if p.Manifest == "" || strings.Contains(p.Text, p.Manifest) {
		return p.Text
	}
	return p.Text + " (" + p.Manifest + ")"
}
