package main

import "testing"

// Whatever asks for an instance refuses what the driver would crash with, in a line.
func TestBadLavapipe(t *testing.T) {
	emptyFolder(t)
	for _, args := range [][]string{{"devices"}, {"train"}, {"bench"}, {"tune"}, {"summary"}} {
		child(t, []string{widthVariable + "=64", "CNNVK_DEVICE="}, args...).failed(t, exitUsage,
			widthVariable+` is "64": use 128, 256 or 512$`, widthVariable+"=256")
		child(t, []string{"GALLIUM_NOOP=1", "CNNVK_DEVICE="}, args...).failed(t, exitUsage,
			`GALLIUM_NOOP is "1", with which the driver computes nothing`, "unset GALLIUM_NOOP")
		child(t, []string{"GALLIUM_DDEBUG=always", "CNNVK_DEVICE="}, args...).failed(t, exitUsage, `GALLIUM_DDEBUG is "always"`, "unset GALLIUM_DDEBUG")
	}
	child(t, []string{widthVariable + "=64"}, "summary", "--device", "cpu").ok(t)
}
