package machine

import (
	"log/slog"
	"os"
	"testing"
)

// The width that was measured is used for the processor and drivers that it was measured with, unless the user has set one.
func TestVectorWidth(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("VK_ICD_FILENAMES", "some.json")
	log := slog.New(slog.DiscardHandler)
	here := thisProcessor()
	here.Bits = 512
	if measuredWidth() != 0 {
		t.Error("a width out of nothing")
	}
	keepWidth(here, log)
	for _, c := range []struct {
		icd, users, want string
		measured         int
	}{
		{"some.json", "", "512", 512},
		{"some.json", "128", "128", 512}, // left to the user
		{"other.json", "", "", 0},
	} {
		t.Setenv(widthVariable, c.users)
		t.Setenv("VK_ICD_FILENAMES", c.icd)
		users := readUsersWidth()
		users.use("llvmpipe")
		if got := os.Getenv(widthVariable); got != c.want || measuredWidth() != c.measured {
			t.Errorf("%+v: %s=%s, measured %d", c, widthVariable, got, measuredWidth())
		}
		users.restore()
		if got := os.Getenv(widthVariable); got != c.users {
			t.Errorf("%+v: afterwards %s=%s", c, widthVariable, got)
		}
	}
	here.Bits = 256
	t.Setenv("VK_ICD_FILENAMES", "some.json")
	keepWidth(here, log)
	if measuredWidth() != 256 || len(storedWidths()) != 1 {
		t.Errorf("after a second measurement: %+v", storedWidths())
	}
}
