package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// No config.yaml makes the reader fail but with an error, and what is read can be written and read again.
func FuzzReadConfig(f *testing.F) {
	f.Add([]byte(read(f, "testdata/config.yaml")))
	f.Add([]byte("recipe: resnet9s\nepochs: 3\nlearning_rate: 1.0e-05\n"))
	f.Add([]byte("model: mine\nnetwork: |\n  layers:\n    - Conv2d(3, 8, 3)\n"))
	path := filepath.Join(f.TempDir(), ConfigFile)
	again := filepath.Join(f.TempDir(), ConfigFile)
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := ReadConfig(path)
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Errorf("%q does not name the file", err)
			}
			return
		}
		written, err := c.text()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(again, written, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadConfig(again); err != nil {
			t.Errorf("%v, of what was written:\n%s", err, written)
		}
	})
}
