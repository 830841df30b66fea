//go:build unix

package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"cnnvk/cifar"
)

// withoutRightsVariable in the environment makes the program go on as a user who owns nothing.
const withoutRightsVariable = "CNNVK_TEST_WITHOUT_RIGHTS"

const exitStillRoot = 77

func init() {
	if os.Getenv(withoutRightsVariable) == "" {
		return
	}
	if err := syscall.Setuid(65534); err != nil {
		fmt.Fprintln(os.Stderr, "setuid:", err)
		os.Exit(exitStillRoot)
	}
}

// childWithoutRights runs the program in a process for which the modes of files mean something, as they do not for root.
func childWithoutRights(t *testing.T, args ...string) outcome {
	t.Helper()
	var env []string
	if os.Geteuid() == 0 {
		env = []string{withoutRightsVariable + "=1"}
	}
	o := child(t, env, args...)
	if o.code == exitStillRoot {
		t.Skip("root may do everything, and cannot be anybody else here: ", o.stderr)
	}
	return o
}

// What may not be read or written is named, with what can be done, and an earlier run stays whole.
func TestWithoutRights(t *testing.T) {
	emptyFolder(t)
	quickest(t, "--out", "run").ok(t)
	saveWeights(t, "w.safetensors", narrow)
	dataFile(t, "data", "train.bin", cifar.TrainRecords*cifar.RecordBytes, 0, 0)
	dataFile(t, "data", "test.bin", cifar.TestRecords*cifar.RecordBytes, 0, 0)
	for _, dir := range []string{"given", "runs"} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, "narrow.yaml", []byte(read(t, narrowConfig(t)))) // here, where the user without rights may read it
	if err := os.Chmod("run", 0o777); err != nil {                // what protects the weights is their own folder's mode
		t.Fatal(err)
	}
	const train = "train --device cpu --config narrow.yaml --limit-steps 1 "
	const otherOut, noRun = "--out DIR with a new folder that you may write to", ` cannot be the run folder: permission denied$`
	before := listing(t)
	for _, c := range []struct {
		path            string
		mode            os.FileMode
		args, says, how string
	}{
		{"data/train.bin", 0, "train --data data", `cifar: data/train\.bin: cannot be read: permission denied$`, "chmod -R u+rX data"},
		{"data/test.bin", 0, "eval --weights w.safetensors --data data", `cifar: data/test\.bin: cannot be read: permission denied$`, "chmod -R u+rX data"},
		{"data", 0, "train --data data", `cifar: data/train\.bin: cannot be read: permission denied$`, "chmod -R u+rX data"},
		{"data", 0, "data info --data data", `cifar: data/train\.bin: cannot be read: permission denied$`, "chmod -R u+rX data"},
		{"w.safetensors", 0, "eval --weights w.safetensors --data data", `net: reading w\.safetensors: permission denied$`, "chmod u+r"},
		{".", 0o555, train + "--out new", `new` + noRun, otherOut},
		{".", 0o555, train + "--out new/and/deep", `new/and/deep` + noRun, otherOut},
		{"given", 0o555, train + "--out given", `given` + noRun, otherOut},
		{"given", 0, train + "--out given", `given` + noRun, otherOut},
		{"given", 0o555, train + "--out given/below", `given/below` + noRun, otherOut},
		{"runs", 0o555, train, `runs/smallcifarnet` + noRun, otherOut},
		{"run", 0o555, train + "--out run --force", `run` + noRun, otherOut},
		{"run", 0, train + "--out run --force", `run` + noRun, otherOut},
		{"run/weights", 0o555, train + "--out run --force", `writing run/weights/last\.safetensors: permission denied$`, otherOut},
	} {
		t.Run(fmt.Sprintf("%s of %v/%s", c.path, c.mode, c.args), func(t *testing.T) {
			was, err := os.Stat(c.path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(c.path, c.mode); err != nil {
				t.Fatal(err)
			}
			o := childWithoutRights(t, strings.Fields(c.args)...)
			if err := os.Chmod(c.path, was.Mode()); err != nil {
				t.Fatal(err)
			}
			o.failed(t, exitFailed, c.says, c.how)
			unchanged(t, before)
		})
	}
}
