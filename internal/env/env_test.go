package env

import (
	"errors"
	"testing"

	"cnnvk/internal/hints"
)

// A variable that is on or off takes 1, true, 0 and false, and nothing that could be taken for the other.
func TestBool(t *testing.T) {
	const name = "CNNVK_TEST_BOOL"
	for text, want := range map[string]bool{"": false, "0": false, "false": false, "False": false, "1": true, "true": true, "TRUE": true} {
		t.Setenv(name, text)
		if got, err := Bool(name); err != nil || got != want {
			t.Errorf("%s=%s: %t, %v", name, text, got, err)
		}
	}
	for _, text := range []string{"yes", "off", "2", " 1", "tRue"} {
		t.Setenv(name, text)
		_, err := Bool(name)
		if want := name + ` is "` + text + `": use 1 or true, 0 or false`; !errors.As(err, new(*Error)) || err.Error() != want || hints.Of(err) != name+"=1, or unset it" {
			t.Errorf("%v, hint %q, want %q", err, hints.Of(err), want)
		}
	}
}
