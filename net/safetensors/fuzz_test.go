package safetensors

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// No bytes make the reader fail but with an error in one line. What it reads has as many
// values as its shapes say.
func FuzzRead(f *testing.F) {
	var good bytes.Buffer
	tensors := []Tensor{{Name: "a.weight", Shape: []int{2, 3}, F32: []float32{1, 2, 3, 4, 5, 6}}, {Name: "n", Shape: []int{}, I64: []int64{7}}}
	if err := Encode(&good, tensors, map[string]string{"model": "tinynet"}); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	for _, header := range []string{`{}`, `{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, `{"a":{"dtype":"BF16","shape":[1,0],"data_offsets":[0,0]}}`,
		`{"__metadata__":{"x":1},"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}`, `{"a":{"dtype":"U8","shape":[9223372036854775807,2],"data_offsets":[0,8]}}`} {
		f.Add(append([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}, header+"\x00\x01\x02\x03\x04\x05\x06\x07"...))
	}
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(folder, "fuzzed.safetensors")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		tensors, _, err := Read(path)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 4096 {
				t.Errorf("an error of more than a line: %q", err)
			}
			return
		}
		for _, x := range tensors {
			elements := 1
			for _, n := range x.Shape {
				elements *= n
			}
			if n := max(len(x.F32), len(x.F64), len(x.I64)); n != elements {
				t.Errorf("%q of shape %v has %d values", x.Name, x.Shape, n)
			}
		}
	})
}
