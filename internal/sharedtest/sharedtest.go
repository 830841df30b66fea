// Package sharedtest finds what tests compare with and the repository does not hold: golden cases, reference weights.
package sharedtest

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Folder is the folder that an environment variable names. Where it is not set the test is skipped with the reason, or fails if
// CNNVK_REQUIRE names the shared files.
func Folder(t testing.TB, variable string) string {
	t.Helper()
	dir := os.Getenv(variable)
	if dir == "" && Required() {
		t.Fatalf("CNNVK_REQUIRE names shared, but %s is not set", variable)
	}
	if dir == "" {
		t.Skipf("%s is not set: nothing to compare with", variable)
	}
	return dir
}

// Required says whether CNNVK_REQUIRE names the shared files.
func Required() bool {
	return slices.Contains(strings.Split(os.Getenv("CNNVK_REQUIRE"), ","), "shared")
}
