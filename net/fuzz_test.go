package net

import (
	"io/fs"
	"os"
	"strings"
	"testing"
)

// No text makes the reader of network files fail but with an error in one line, and a network that is read is one that can be written and read
// again as the same.
func FuzzParseSpec(f *testing.F) {
	must := func(text []byte, err error) {
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, path := range []string{"testdata/every_layer.yaml"} {
		must(os.ReadFile(path))
	}
	err := fs.WalkDir(os.DirFS("networks"), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			must(os.ReadFile("networks/" + path))
		}
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseSpec(text, "fuzzed")
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("an error of more than a line: %q", err)
			}
			return
		}
		again, err := ParseSpec([]byte(s.Text()), "fuzzed")
		if err != nil || again.Text() != s.Text() {
			t.Errorf("written as\n%s\nit is read as another: %v", s.Text(), err)
		}
		if m, err := s.Build(0, CIFAR100); err == nil && m.Parameters() < 0 {
			t.Errorf("%d parameters", m.Parameters())
		}
	})
}
