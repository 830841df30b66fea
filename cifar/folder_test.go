package cifar

import (
	"os"
	"strings"
	"testing"
)

// sharedFolder returns the folder that an environment variable names. Where it is not set the test
// is skipped with the reason, or fails if CNNVK_REQUIRE asks for the shared files.
func sharedFolder(t *testing.T, env string) string {
	t.Helper()
	dir := os.Getenv(env)
	if dir == "" && strings.Contains(os.Getenv("CNNVK_REQUIRE"), "shared") {
		t.Fatalf("%s is not set, and CNNVK_REQUIRE asks for the shared files", env)
	}
	if dir == "" {
		t.Skipf("%s is not set: nothing to compare with", env)
	}
	return dir
}
