package torchfile

import (
	"os/exec"
	"testing"
)

// pythonWithTorch is a Python that has PyTorch. Where there is none the test is skipped.
func pythonWithTorch(t *testing.T) string {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if _, err := run(python, "-c", "import importlib.util as u; assert u.find_spec('torch')"); err == nil {
			return python
		}
	}
	t.Skip("there is no Python with PyTorch to compare with")
	return ""
}

func run(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).CombinedOutput()
	return string(out), err
}

func shell(command string) (string, error) { return run("sh", "-c", command) }
