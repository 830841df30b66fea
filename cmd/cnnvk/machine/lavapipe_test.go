package machine

import "testing"

func TestCheckLavapipe(t *testing.T) {
	for _, width := range []string{"64", "0", "1024", "192", "-1", "abc", " 256", "0x100", "256 bits", "99999999999"} {
		if err := checkLavapipe(width); err == nil {
			t.Errorf("a width of %q is let through", width)
		}
	}
	for _, width := range []string{"", "128", "256", "512"} {
		if err := checkLavapipe(width); err != nil {
			t.Error(err)
		}
	}
	for value, ok := range map[string]bool{"0": true, "false": true, "No": true, "1": false, "true": false, "y": false} {
		t.Setenv(noopVariable, value)
		if err := checkLavapipe(""); (err == nil) != ok {
			t.Errorf("%s=%s: %v", noopVariable, value, err)
		}
	}
}
