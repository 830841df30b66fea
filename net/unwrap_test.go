package net

import (
	"cnnvk/net/safetensors"
	"encoding/binary"
	"math"

	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/internal/hints"
)

// within gives every tensor another name.
func within(tensors []safetensors.Tensor, name func(string) string) []safetensors.Tensor {
	out := slices.Clone(tensors)
	for i, t := range out {
		out[i].Name = name(t.Name)
	}
	return out
}

func under(prefix string) func(string) string {
	return func(name string) string { return prefix + name }
}

// stateDictOf are the tensors of a network with some weights.
func stateDictOf(t *testing.T, model string, widths []int) (*Weights, []safetensors.Tensor) {
	t.Helper()
	w := someWeights(t, model, widths)
	tensors, err := w.Model.stateDict(w.Layout, w.Arena, w.Batches)
	if err != nil {
		t.Fatal(err)
	}
	return w, tensors
}

// A network that was saved within others is read like one that was not, and a line says what was taken away.
func TestUnwrap(t *testing.T) {
	t.Parallel()
	averaged := []safetensors.Tensor{{Name: "n_averaged", Shape: []int{}, I64: []int64{7}}}
	inFeatures := func(word string) func(string) string {
		return func(name string) string { return strings.Replace(name, "features.", "features."+word+".", 1) }
	}
	for _, network := range []struct {
		model  string
		widths []int
	}{{SmallCIFARNetName, narrow}, {TinyNetName, []int{2, 3, 5}}} {
		want, plain := stateDictOf(t, network.model, network.widths)
		if network.model == TinyNetName {
			want.Batches = 0
		}
		for _, c := range []struct {
			name    string
			tensors []safetensors.Tensor
			note    string
		}{
			{"as it is", plain, ""},
			{"DataParallel", within(plain, under("module.")), "names stand under module., stripped"},
			{"compiled", within(plain, under("_orig_mod.")), "names stand under _orig_mod., stripped"},
			{"compiled, then parallel", within(plain, under("module._orig_mod.")), "names stand under module._orig_mod., stripped"},
			{"parallel, then compiled", within(plain, under("_orig_mod.module.")), "names stand under _orig_mod.module., stripped"},
			{"a checkpoint's dictionary", within(plain, under("state_dict.")), "names stand under state_dict., stripped"},
			{"Lightning", within(plain, under("state_dict.model.")), "names stand under state_dict.model., stripped"},
			{"Lightning of a compiled network", within(plain, under("model._orig_mod.")), "names stand under model._orig_mod., stripped"},
			{"parallel twice", within(plain, under("module.module.")), "names stand under module.module., stripped"},
			{"sharded", within(plain, under("_fsdp_wrapped_module.")), "names stand under _fsdp_wrapped_module., stripped"},
			{"a class of one's own", within(plain, under("teacher.backbone.")), "names stand under teacher.backbone., stripped"},
			{"averaged", append(within(plain, under("module.")), averaged...), "names stand under module., stripped; n_averaged, left out"},
			{"averaged, of a parallel network", append(within(plain, under("module.module.")), averaged...),
				"names stand under module.module., stripped; n_averaged, left out"},
			{"parallel, of an averaged network", within(append(within(plain, under("module.")), averaged...), under("module.")),
				"names stand under module.module., stripped; n_averaged, left out"},
			{"averaged, in a dictionary", within(append(within(plain, under("module.")), averaged...), under("state_dict.swa_model.")),
				"names stand under state_dict.swa_model.module., stripped; n_averaged, left out"},
			{"averaged, stripped by hand", append(slices.Clone(plain), averaged...), "n_averaged, left out"},
		} {
			checkUnwrapped(t, network.model+", "+c.name, c.tensors, want, c.note)
		}
	}
	want, plain := stateDictOf(t, SmallCIFARNetName, narrow)
	const inner = "names of wrappers within names, stripped"
	checkUnwrapped(t, "features compiled", within(plain, inFeatures("_orig_mod")), want, inner)
	checkUnwrapped(t, "features parallel", within(plain, inFeatures("module")), want, inner)
	checkUnwrapped(t, "features compiled, all parallel", within(within(plain, inFeatures("_orig_mod")), under("module.")), want,
		"names stand under module., stripped; "+inner)
	checkUnwrapped(t, "the last block compiled", within(plain, func(name string) string {
		return strings.Replace(name, "features.8.", "features.8._orig_mod.", 1)
	}), want, inner)
}

func checkUnwrapped(t *testing.T, what string, tensors []safetensors.Tensor, want *Weights, note string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := safetensors.Write(path, tensors, nil); err != nil {
		t.Fatal(err)
	}
	got, err := LoadWeights(path)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	checkSameWeights(t, got, want)
	if got.Note != note {
		t.Errorf("%s: %q, want %q", what, got.Note, note)
	}
}

// What is not a network and nothing else is refused, and names are never taken for others.
func TestUnwrapRefuses(t *testing.T) {
	t.Parallel()
	_, plain := stateDictOf(t, SmallCIFARNetName, narrow)
	one := func(name string) safetensors.Tensor {
		return safetensors.Tensor{Name: name, Shape: []int{1}, F32: []float32{1}}
	}
	both := append(within(plain, under("state_dict.model.")), within(plain, under("state_dict.model_ema.module."))...)
	for _, c := range []struct {
		name    string
		tensors []safetensors.Tensor
		says    string
		network string // of the hint
	}{
		{"a tensor outside", append(within(plain, under("model.")), one("loss.weight")),
			"a network stands under model., but loss.weight does not", "model."},
		{"a tensor outside without a dot", append(within(plain, under("model.")), one("scale")), "under model., but scale does not", "model."},
		{"two networks", both, "networks stand under state_dict.model. and state_dict.model_ema.: a file of weights has one", "state_dict.model."},
		{"one tensor of all without it", within(plain, func(name string) string {
			return strings.Replace("module."+name, "module.classifier.bias", "classifier.bias", 1)
		}), "a network stands under module., but classifier.bias does not", "module."},
		{"a tensor more inside", within(append(slices.Clone(plain), one("loss.weight")), under("module.")),
			"tensor loss.weight (1) is not part of smallcifarnet", ""},
		{"a tensor less inside", within(plain[1:], under("module.")), "tensor " + plain[0].Name + " is missing", ""},
		{"another network", []safetensors.Tensor{one("module.layer1.weight"), one("module.layer1.bias")},
			"the tensors are not those of smallcifarnet: features.0.pointwise.weight is missing", ""},
		{"names of the format's end", []safetensors.Tensor{one("."), one(".."), one("module."), one(".module")}, "is missing", ""},
		{"parts without end", []safetensors.Tensor{one(strings.Repeat("a.", 1<<16) + "b"), one(strings.Repeat("a.", 1<<16) + "c")}, "is missing", ""},
		{"the same name twice without wrappers", append(slices.Clone(plain), one("features.0._orig_mod.pointwise.weight")),
			"tensor features.0._orig_mod.pointwise.weight (1) is not part of smallcifarnet", ""},
		{"n_averaged alone", []safetensors.Tensor{one("n_averaged")}, "is missing", ""},
	} {
		path := filepath.Join(t.TempDir(), "it's.safetensors")
		if err := safetensors.Write(path, c.tensors, nil); err != nil {
			t.Fatal(err)
		}
		_, err := LoadWeights(path)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q", c.name, err, c.says)
		}
		if c.network != "" {
			if hints.Of(err) != safetensors.Extract(path, c.network) {
				t.Errorf("%s: hint %s", c.name, hints.Of(err))
			}
		} else if hints.Of(err) != "" {
			t.Errorf("%s: hint %s", c.name, hints.Of(err))
		}
	}
}

// A part of a model that lies in several files leads to all of them.
func TestLoadWeightsShard(t *testing.T) {
	t.Parallel()
	_, plain := stateDictOf(t, SmallCIFARNetName, narrow)
	dir := filepath.Join(t.TempDir(), "my model")
	path := filepath.Join(dir, "model-00001-of-00002.safetensors")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := safetensors.Write(path, plain[:9], nil); err != nil {
		t.Fatal(err)
	}
	_, err := LoadWeights(path)
	if hints.Of(err) != safetensors.JoinShards(dir) {
		t.Errorf("%v: %s", err, hints.Of(err))
	}
}

// A network's own names stay, whatever their first parts are called.
func TestUnwrapOwnNames(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"module.", "model.", "state_dict.", "ema.module."} {
		isMark := func(name string) bool { return isMark(name) || name == word+"stem.weight" }
		own := []safetensors.Tensor{{Name: word + "stem.weight"}, {Name: word + "stem.bias"}}
		for _, outer := range []string{"", "module.", "model."} {
			got, note, err := unwrap(within(own, under(outer)), isMark)
			if err != nil || !slices.EqualFunc(got, own, func(a, b safetensors.Tensor) bool { return a.Name == b.Name }) || (note == "") != (outer == "") {
				t.Errorf("%s under %q: %v, %q, %v", word, outer, got, note, err)
			}
		}
	}
}

// Types that a conversion of all tensors leaves are read, in every place.
func TestLoadWeightsOfHalves(t *testing.T) {
	t.Parallel()
	w, tensors := stateDictOf(t, SmallCIFARNetName, narrow)
	for _, c := range []struct {
		dtype string
		size  int
		bits  func(float32) []byte
	}{
		{"F16", 2, func(v float32) []byte { return half(v) }},
		{"BF16", 2, func(v float32) []byte { return float32Bytes(v)[2:] }},
		{"F64", 8, func(v float32) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(float64(v))) }},
		{"F32", 4, func(v float32) []byte { return float32Bytes(v) }},
	} {
		var header []string
		var values []byte
		for _, x := range tensors {
			begin := len(values)
			for _, v := range append(slices.Clone(x.F32), floats(x.I64)...) { // the counters, too
				values = append(values, c.bits(v)...)
			}
			shape := strings.ReplaceAll(fmt.Sprint(x.Shape), " ", ",")
			header = append(header, fmt.Sprintf(`%q:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, x.Name, c.dtype, shape, begin, len(values)))
		}
		got, err := LoadWeights(writeBytes(t, "f", append(fileHeader("{"+strings.Join(header, ",")+"}"), values...)))
		if err != nil {
			t.Errorf("%s: %v", c.dtype, err)
			continue
		}
		for i, v := range got.Arena {
			if d := v - float64(float32(w.Arena[i])); d > 0.01 || d < -0.01 || c.size > 2 && d != 0 {
				t.Fatalf("%s: place %d is %g, want %g", c.dtype, i, v, w.Arena[i])
			}
		}
		if diff := got.Batches - w.Batches; diff > 0 || diff < -64 || c.size > 2 && diff != 0 {
			t.Errorf("%s: %d batches, want %d", c.dtype, got.Batches, w.Batches)
		}
	}
}

// fileHeader is what stands before the values in a safetensors file.
func fileHeader(text string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
}

func float32Bytes(v float32) []byte {
	return binary.LittleEndian.AppendUint32(nil, math.Float32bits(v))
}

// half cuts a float32 of a half's normal range to the bits of one.
func half(v float32) []byte {
	bits := math.Float32bits(v)
	exponent := int(bits>>23&255) - 127 + 15
	if exponent <= 0 {
		exponent, bits = 0, bits&(1<<31)
	}
	out := uint16(bits>>31<<15) | uint16(exponent)<<10 | uint16(bits>>13&1023)
	return []byte{byte(out), byte(out >> 8)}
}

func floats(values []int64) []float32 {
	var out []float32
	for _, v := range values {
		out = append(out, float32(v))
	}
	return out
}

// A double that no float32 can hold is told as it is.
func TestLoadWeightsTooLarge(t *testing.T) {
	t.Parallel()
	_, tensors := stateDictOf(t, TinyNetName, []int{2, 3, 5})
	tensors[0].F64 = make([]float64, len(tensors[0].F32))
	tensors[0].F64[3] = 1e300
	tensors[0].F32 = safetensors.Rounded(tensors[0].F64)
	path := filepath.Join(t.TempDir(), "f")
	if err := safetensors.Write(path, tensors, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadWeights(path); err == nil || !strings.Contains(err.Error(), "holds 1e+300 at place 3, too much for float32") {
		t.Error(err)
	}
}

// A checkpoint is named as one, whichever program wrote it, and though its tensors stand under model. and ema.
func TestLoadWeightsCheckpoint(t *testing.T) {
	t.Parallel()
	_, plain := stateDictOf(t, SmallCIFARNetName, narrow)
	for _, format := range []string{CheckpointFormats + "1", CheckpointFormats + "2"} {
		path := filepath.Join(t.TempDir(), "f")
		both := append(within(plain, under("model.")), within(plain, under("ema."))...)
		if err := safetensors.Write(path, both, map[string]string{MetaFormat: format}); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadWeights(path); err == nil || !strings.HasSuffix(err.Error(), ErrCheckpoint.Error()) {
			t.Errorf("%s: %v", format, err)
		}
	}
	w := someWeights(t, SmallCIFARNetName, narrow)
	path := filepath.Join(t.TempDir(), "f")
	w.Metadata = map[string]string{MetaFormat: "pt"} // as PyTorch's writer has it
	if err := w.Save(path, cifar.CIFAR100.Mean, cifar.CIFAR100.Std); err != nil {
		t.Fatal(err)
	}
	load(t, path)
}
