package machine

import (
	"os"
	"slices"
	"strings"

	"cnnvk/internal/env"
	"cnnvk/internal/hints"
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
