package torchfile

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// eachGolden hands over PyTorch's files.
func eachGolden(f *testing.F, use func(data []byte)) {
	f.Helper()
	for name := range goldens(f) {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		use(data)
	}
}

// No bytes make the reader fail but with an error, and what it reads has as many values as its shapes say.
func FuzzRead(f *testing.F) {
	eachGolden(f, func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) { readFuzzed(t, data) })
}

// The same with any pickle in a good archive, whose checksums a fuzzer would not find.
func FuzzReadPickle(f *testing.F) {
	eachGolden(f, func(data []byte) {
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return // of the form before 1.6
		}
		for _, e := range z.File {
			if filepath.Base(e.Name) != "data.pkl" {
				continue
			}
			in, err := e.Open()
			if err != nil {
				f.Fatal(err)
			}
			pickle, err := io.ReadAll(in)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(pickle)
		}
	})
	f.Fuzz(func(t *testing.T, pickle []byte) { readFuzzed(t, file(t, string(pickle))) })
}

func readFuzzed(t *testing.T, data []byte) {
	tensors, _, note, err := read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		if said := explain("x.pt", err).Error(); strings.Contains(said, "\n") {
			t.Errorf("more than a line: %q", said)
		}
		return
	}
	if strings.Contains(note, "\n") {
		t.Errorf("more than a line: %q", note)
	}
	var out bytes.Buffer
	if err := Encode(&out, tensors, nil); err != nil && !strings.Contains(err.Error(), "cannot name") && len(data) < 100_000 {
		t.Errorf("what was read is not written: %v", err)
	}
}
