package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

// onlyTensor is what a file holds of the one tensor a, of that type and as many elements as the values have.
func onlyTensor(t *testing.T, dtype string, size int, values []byte) (Tensor, error) {
	t.Helper()
	text := fmt.Sprintf(`{"a":{"dtype":%q,"shape":[%d],"data_offsets":[0,%d]}}`, dtype, len(values)/size, len(values))
	tensors, _, err := Read(writeBytes(t, "f", append(pack(text, 0), values...)))
	if err != nil {
		return Tensor{}, err
	}
	return tensors[0], nil
}

// Each of the 65,536 halves is the float32 of the same value: that of the formula, which has nothing to do with bits of a float32.
func TestReadHalves(t *testing.T) {
	t.Parallel()
	var all []byte
	for b := range 1 << 16 {
		all = binary.LittleEndian.AppendUint16(all, uint16(b))
	}
	for dtype, width := range map[string]struct{ exponent, fraction int }{"F16": {5, 10}, "BF16": {8, 7}} {
		got, err := onlyTensor(t, dtype, 2, all)
		if err != nil || len(got.F32) != 1<<16 || got.I64 != nil || got.F64 != nil {
			t.Fatalf("%s: %v, %d values", dtype, err, len(got.F32))
		}
		for b, v := range got.F32 {
			want := halfByFormula(b, width.exponent, width.fraction)
			if same := float64(v) == want && math.Signbit(float64(v)) == (b>>15 == 1); !same && !(math.IsNaN(want) && v != v) {
				t.Fatalf("%s %#04x: %g, want %g", dtype, b, v, want)
			}
		}
	}
}

// halfByFormula is the value of 16 bits: sign, exponent, fraction.
func halfByFormula(b, exponentBits, fractionBits int) float64 {
	top, bias := 1<<exponentBits-1, 1<<(exponentBits-1)-1
	exponent, fraction := b>>fractionBits&top, float64(b&(1<<fractionBits-1))/float64(int(1)<<fractionBits)
	value := 0.0
	switch exponent {
	case 0:
		value = math.Ldexp(fraction, 1-bias)
	case top:
		value = math.Inf(1)
		if fraction != 0 {
			value = math.NaN()
		}
	default:
		value = math.Ldexp(1+fraction, exponent-bias)
	}
	if b>>15 == 1 {
		value = -value
	}
	return value
}

// Doubles are rounded to the nearest float32, of two to the even one, and kept beside it.
func TestReadDoubles(t *testing.T) {
	t.Parallel()
	doubles := []float64{0.1, 1 + 0x1p-24, 1 + 3*0x1p-24, math.Copysign(0, -1), 0x1p-149, 0x1p-150, 1e300, math.Inf(-1)}
	singles := []float32{0.1, 1, 1 + 0x1p-22, float32(math.Copysign(0, -1)), 0x1p-149, 0, float32(math.Inf(1)), float32(math.Inf(-1))}
	got, err := onlyTensor(t, "F64", 8, encodeF64(doubles))
	if err != nil || !slices.Equal(got.F32, singles) || !slices.Equal(got.F64, doubles) {
		t.Errorf("got %v and %v, %v, want %v", got.F32, got.F64, err, singles)
	}
}

// A type that is not read is named with its tensor: the file is not damaged.
func TestReadOtherTypes(t *testing.T) {
	t.Parallel()
	for dtype, size := range map[string]int{
		"BOOL": 1, "I8": 1, "I16": 2, "U16": 2, "U32": 4, "U64": 8, "C64": 8, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "F4": 1, "F31": 4,
	} {
		_, err := onlyTensor(t, dtype, size, make([]byte, 2*size))
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf(`tensor "a" is of type %s; `, dtype)) || strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: %v", dtype, err)
		}
		if converts := strings.HasPrefix(hints.Of(err), "python3 -c "); converts != (dtype[0] == 'F') {
			t.Errorf("%s: hint %q", dtype, hints.Of(err))
		}
	}
	// One that is cut is damaged all the same.
	_, _, err := Read(writeBytes(t, "f", pack(`{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}`, 1)))
	if err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Error(err)
	}
}

func TestReadMetadata(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]string{
		`{"epoch":12}`: {"epoch": "12"},
		`{"a":1.50,"b":true,"c":null,"d":{"x": [1, "<é>"]},"e":[],"f":"text \u00e9","g":-1e-3}`: {
			"a": "1.50", "b": "true", "c": "null", "d": `{"x":[1,"<é>"]}`, "e": "[]", "f": "text é", "g": "-1e-3"},
		`{}`:   {},
		`null`: {},
	} {
		_, got, err := Read(writeBytes(t, "f", pack(`{"__metadata__":`+text+`}`, 0)))
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
}

// A file that is something else is named, with a way to what is wanted, and not called damaged; how long it is does not matter.
func TestReadForeign(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ begins, says, hint string }{
		{"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3071234\n", "a Git LFS pointer", "git lfs pull"},
		{"\ufeff\n<!DOCTYPE html>", "a web page (HTML)", "download"},
		{"404: Not Found", `a text that begins with "404: Not Found"`, "download"},
		{`{"metadata":{},"weight_map":{"a":"model-00001-of-00002.safetensors"}}`, "an index of a model in several files", "/*-of-*.safetensors "},
		{"PK\x03\x04" + strings.Repeat("\x00", 22) + "\x10\x00\x00\x00archive/data.pkl", "a PyTorch file (.pt, .pth)", "torch.load"},
		{"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "a PyTorch file of the form before 1.6", "torch.load"},
		{"PK\x03\x04" + strings.Repeat("\x00", 22) + "\x09\x00\x00\x00arr_0.npy", "NumPy arrays (.npz)", "numpy.load"},
		{"\x80\x04\x95\x00\x00", "a Python pickle", "save_file(model.state_dict()"},
		{"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes", "save_file(model.state_dict()"},
		{"\x08\x07\x12\x07pytorch\x1a", "an ONNX model", "save_file(model.state_dict()"},
		{"\x1f\x8b\x08", "a gzip archive", "tar -xzf "},
		{"PK\x03\x04", "a zip archive", "unzip "},
		{"\x89PNG\x0d\x0a\x1a\x0a", "a picture (PNG)", ""},
		{"", "an empty file", "again"},
	} {
		path := writeBytes(t, "my weights", []byte(c.begins))
		for _, size := range []int64{int64(len(c.begins)), MaxBytes + 1} {
			if size > 5000 && (c.begins == "" || !strings.ContainsAny(c.begins, "\x00\x80\x89\x08\x1f")) {
				continue // texts do not go on with zeros
			}
			if err := os.Truncate(path, size); err != nil { // takes no room on disk
				t.Fatal(err)
			}
			_, _, err := Read(path)
			checkSaid(t, err, path, "is no safetensors file: it is "+c.says)
			if hint := hints.Of(err); !strings.Contains(hint, c.hint) || (hint == "") != (c.hint == "") || strings.Contains(err.Error(), "damaged") {
				t.Errorf("%v, hint %q, want %q", err, hint, c.hint)
			}
		}
	}
}

// The commands of hints are Python, and what a shell makes of them are a script and two names.
func TestConversionsParse(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"w.pth", "dir with blanks/it's.bin", "w.safetensors", "$HOME/`w`"} {
		for kind, begins := range map[string]string{
			"torch": "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "numpy": "PK\x03\x04" + strings.Repeat("\x00", 22) + "\x09\x00\x00\x00arr_0.npy",
			"float": "", "index": `{"weight_map":{}}`,
		} {
			path := filepath.Join(t.TempDir(), filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			content := []byte(begins)
			if begins == "" {
				content = pack(`{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}`, 2)
			}
			if err := os.WriteFile(path, content, 0o666); err != nil {
				t.Fatal(err)
			}
			_, _, err := Read(path)
			script, given, out := parseCommand(t, hints.Of(err))
			if out == path || !strings.HasSuffix(out, ".safetensors") || filepath.Dir(out) != filepath.Dir(path) {
				t.Errorf("%s %s: out is %q", kind, path, out)
			}
			if given != path && kind != "index" || !strings.HasPrefix(script, "import sys; ") {
				t.Errorf("%s %s: given %q, script %q", kind, path, given, script)
			}
		}
	}
}

func TestExtractParses(t *testing.T) {
	t.Parallel()
	const path, prefix = "dir with blanks/it's.safetensors", "it's a model."
	command, isLast := strings.CutSuffix(Extract(path, prefix), " "+files.Quote(prefix))
	if _, given, out := parseCommand(t, command); given != path || out == path || filepath.Dir(out) != "dir with blanks" || !isLast {
		t.Errorf("%s: from %q to %q", command, given, out)
	}
}

// parseCommand has a shell take a hint's command apart, and Python, where it is at hand, compile the script.
func parseCommand(t *testing.T, hint string) (script, given, out string) {
	t.Helper()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh to parse commands of hints: ", err)
	}
	words, err := exec.Command(shell, "-c", "python3() { printf '%s\\000' \"$@\"; }; "+hint).Output()
	if err != nil {
		t.Fatalf("%s: %v", hint, err)
	}
	parts := bytes.Split(words, []byte{0})
	if len(parts) != 5 || string(parts[0]) != "-c" {
		t.Fatalf("%s: the shell makes %q of it", hint, parts)
	}
	if python, err := exec.LookPath("python3"); err == nil {
		check := exec.Command(python, "-c", "import sys; compile(sys.argv[1], 'hint', 'exec')", string(parts[1]))
		if said, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", parts[1], err, said)
		}
	}
	return string(parts[1]), string(parts[2]), string(parts[3])
}
