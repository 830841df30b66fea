package main

import (
	"os"
	"slices"
	"strings"

	"cnnvk/internal/hints"
)

// Lavapipe crashes, or computes nonsense, with some of what the environment may ask of it. That is refused before there is an instance.

// driverWidths are the widths with which the driver works. It takes every number: it crashes with some, with others what it computes
// is wrong; and of what is no number it takes the beginning or nothing, without a word.
var driverWidths = []string{"128", "256", "512"}

// noopVariable makes Mesa's drivers do nothing, debugVariable watches them draw. A driver that computes survives neither.
const (
	noopVariable  = "GALLIUM_NOOP"
	debugVariable = "GALLIUM_DDEBUG"
)

// checkLavapipe refuses what the driver does not take. width is the user's value of widthVariable.
func checkLavapipe(width string) error {
	if width != "" && !slices.Contains(driverWidths, width) {
		return hints.With(usagef("%s is %q: use 128, 256 or 512", widthVariable, width), widthVariable+"=256")
	}
	off := []string{"", "0", "n", "no", "f", "false"} // to Mesa
	if value := os.Getenv(noopVariable); !slices.Contains(off, strings.ToLower(value)) {
		return hints.With(usagef("%s is %q, with which the driver computes nothing: use 0", noopVariable, value), "unset "+noopVariable)
	}
	if value := os.Getenv(debugVariable); value != "" {
		return hints.With(usagef("%s is %q, which is for drivers that draw", debugVariable, value), "unset "+debugVariable)
	}
	return nil
}
