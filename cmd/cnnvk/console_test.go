package main

import (
	"strings"
	"testing"
)

// With -q the result alone is printed, and with -v kernels and memory go to standard error.
func TestVerbosity(t *testing.T) {
	emptyFolder(t)
	quiet, normal, verbose := quickest(t, "-q"), quickest(t), quickest(t, "--verbose")
	for _, o := range []outcome{quiet, normal, verbose} {
		o.ok(t)
	}
	if strings.Count(quiet.stdout, "\n") != 1 || !strings.HasPrefix(quiet.stdout, "best validation accuracy ") || quiet.stderr != "" {
		t.Errorf("-q prints %q, %q", quiet.stdout, quiet.stderr)
	}
	if strings.Count(verbose.stdout, "\n") != strings.Count(normal.stdout, "\n") || normal.stderr != "" {
		t.Errorf("standard output of -v has %q, else %q, and %q", verbose.stdout, normal.stdout, normal.stderr)
	}
	if !strings.HasPrefix(verbose.stderr, "level=DEBUG msg=kernel choice=") || strings.Contains(verbose.stderr, "time=") {
		t.Errorf("-v logs %q", verbose.stderr)
	}
	quickest(t, "-q", "-v").failed(t, exitUsage, `-q and -v: use one of them$`, "")
}

func TestVerboseMemory(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	o := quick("-v")
	o.ok(t)
	for _, want := range []string{`choice="pointwise_conv2d: `, `msg="device memory" when="ready to train" allocated="`, `when="epoch 1"`} {
		if !strings.Contains(o.stderr, want) {
			t.Errorf("no %s in\n%s", want, o.stderr)
		}
	}
}
