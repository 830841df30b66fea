package machine

import (
	"os"
	"runtime"
	"slices"
	"strings"

	"cnnvk/internal/env"
	"cnnvk/internal/hints"
	"cnnvk/internal/memlimit"
	"cnnvk/vk"
)

// Lavapipe crashes, or computes nonsense, with some of what the environment may ask of it. That is refused before there is an instance.

// driverWidths are the widths with which the driver works. It reads every number, but crashes with some and computes nonsense with
// others. Of what is no number it takes the beginning, or nothing, without a word.
var driverWidths = []string{"128", "256", "512"}

// noopVariable makes Mesa's drivers do nothing, debugVariable watches them draw. A driver that computes survives neither.
const (
	noopVariable  = "GALLIUM_NOOP"
	debugVariable = "GALLIUM_DDEBUG"
)

// keepsShaders says whether the driver compiles a kernel when it first runs, and keeps it for all devices of the process.
func keepsShaders(info vk.Info) bool {
	if info.Driver != "llvmpipe" {
		return false
	}
	for _, variable := range []string{"MESA_SHADER_CACHE_DISABLE", "MESA_GLSL_CACHE_DISABLE"} {
		if mesaTrue(os.Getenv(variable)) {
			return false
		}
	}
	return true
}

// mesaTrue says what a value of the environment is to Mesa.
func mesaTrue(value string) bool {
	return slices.Contains([]string{"1", "y", "yes", "t", "true"}, strings.ToLower(value))
}

// devicesToCompile is how many devices compile kernels ahead: one for each processor, as far as the limits on memory leave room for them, and
// no more than compile together without getting in each other's way.
func devicesToCompile() int {
	n := min(runtime.GOMAXPROCS(0), 8)
	for n > 0 && within(memlimit.Limits(), costOfLavapipe.times(2*int64(n)), 0) != nil {
		n--
	}
	return n
}

// checkLavapipe refuses what the driver does not take. width is the value of widthVariable.
func checkLavapipe(width string) error {
	if width != "" && !slices.Contains(driverWidths, width) {
		return hints.With(&env.Error{Name: widthVariable, Value: width, Problem: ": use 128, 256 or 512"}, widthVariable+"=256")
	}
	off := []string{"", "0", "n", "no", "f", "false"} // to Mesa
	if value := os.Getenv(noopVariable); !slices.Contains(off, strings.ToLower(value)) {
		return hints.With(&env.Error{Name: noopVariable, Value: value, Problem: ", with which the driver computes nothing: use 0"}, "unset "+noopVariable)
	}
	if value := os.Getenv(debugVariable); value != "" {
		return hints.With(&env.Error{Name: debugVariable, Value: value, Problem: ", which is for drivers that draw"}, "unset "+debugVariable)
	}
	return nil
}
