package main

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

// Whatever asks for an instance refuses what the driver would crash with, in a line.
func TestBadLavapipe(t *testing.T) {
	emptyFolder(t)
	for _, args := range [][]string{{"devices"}, {"train"}, {"bench"}, {"tune"}, {"summary"}} {
		child(t, []string{widthVariable + "=64", "CNNVK_DEVICE="}, args...).failed(t, exitUsage,
			widthVariable+` is "64": use 128, 256 or 512$`, widthVariable+"=256")
		child(t, []string{noopVariable + "=1", "CNNVK_DEVICE="}, args...).failed(t, exitUsage,
			noopVariable+` is "1", with which the driver computes nothing`, "unset "+noopVariable)
		child(t, []string{debugVariable + "=always", "CNNVK_DEVICE="}, args...).failed(t, exitUsage, debugVariable+` is "always"`, "unset "+debugVariable)
	}
	child(t, []string{widthVariable + "=64"}, "summary", "--device", "cpu").ok(t)
}
