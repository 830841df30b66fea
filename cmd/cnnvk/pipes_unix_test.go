//go:build unix

package main

import (
	"strings"
	"syscall"
	"testing"

	"cnnvk/cifar"
)

// Opening a pipe that nobody writes to would never return.
func TestNamedPipes(t *testing.T) {
	emptyFolder(t)
	saveWeights(t, "w.safetensors", narrow)
	dataFile(t, "data", "test.bin", cifar.TestRecords*cifar.RecordBytes, 0, 0)
	writeFile(t, "pipes/readme", nil)
	for _, name := range []string{"train.bin", "test.bin", "weights", "a.png"} {
		if err := syscall.Mkfifo("pipes/"+name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := listing(t)
	for _, c := range []struct{ args, says, hint string }{
		{"train --data pipes", `cifar: pipes/train\.bin: is not a regular file \(a named pipe\)$`, "mv pipes/train.bin pipes/train.bin.old && cnnvk data download --to pipes"},
		{"data info --data pipes", `cifar: pipes/train\.bin: is not a regular file \(a named pipe\)$`, "mv pipes/train.bin"},
		{"eval --weights w.safetensors --data pipes", `cifar: pipes/test\.bin: is not a regular file \(a named pipe\)$`, "mv pipes/test.bin"},
		{"eval --weights pipes/weights --data data", `net: reading pipes/weights: not a regular file$`, otherWeights},
	} {
		o := child(t, nil, strings.Fields(c.args)...)
		o.failed(t, exitFailed, c.says, c.hint)
		unchanged(t, before)
	}
	o := child(t, nil, "predict", "--device", "cpu", "--weights", "w.safetensors", "pipes/a.png")
	if o.code != exitFailed || !strings.Contains(o.stderr, "not read: pipes/a.png: not a regular file") {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
}
