package gpu

import (
	"maps"
	"slices"
	"testing"

	"cnnvk/vk"
)

// A name that is no variant of its op is told apart, whatever is wrong with it.
func TestKnown(t *testing.T) {
	const good = "linear_backward_data 100x1x1 512x1x1"
	for key, name := range map[string]string{
		"linear 512x1x1 100x1x1":              "linear_subgroup_32x4", // which there is not
		"conv2d 3x32x32 32x32x32 3x3/1":       "linear_shuffle_32x4",  // of another op
		"conv2d_backward_data 8x8x8 8x8x8":    "norm_relu_backward",   // of several ops
		"pointwise_conv2d 64x16x16 128x16x16": "pointwise_conv2d ",    // not to the letter
		"mish 64x16x16 64x16x16":              "mish",                 // no op
		"pack_weights 1x1x1":                  "pack_weights",         // a kernel, but no variant
		"":                                    "relu",
	} {
		all := Choices{good: "linear_backward_data_shuffle_32x4", key: name}
		known, unknown := all.Known()
		if !maps.Equal(known, Choices{good: "linear_backward_data_shuffle_32x4"}) || !slices.Equal(unknown, []string{key + ": " + name}) {
			t.Errorf("%q: %q: known %v, unknown %q", key, name, known, unknown)
		}
		if len(all) != 2 {
			t.Errorf("%q: %q: it was taken from the choices themselves", key, name)
		}
	}
	if known, unknown := (Choices)(nil).Known(); known != nil || unknown != nil {
		t.Errorf("of none %v, %q", known, unknown)
	}
	for _, v := range variants {
		if len(v.covers) > 1 {
			continue
		}
		if known, unknown := (Choices{string(v.covers[0]) + " 1x1x1": v.name}).Known(); len(known) != 1 || unknown != nil {
			t.Errorf("%s is unknown", v.name)
		}
	}
}

// A variant that the device has no features for cannot run, nor one that is switched off; what is chosen for other programs is left alone.
func TestCannotRun(t *testing.T) {
	programs := twoProducts(t)
	key := opKey(programs[0].Ops[0])
	choose := func(name string) *Executor {
		return &Executor{target: anyDevice(), choices: Choices{key: name, "linear 1x1x1 1x1x1": "linear_shuffle_32x4"}}
	}
	const shuffled, line = "pointwise_conv2d_shuffle_32x4", "pointwise_conv2d 16x8x8 24x8x8: pointwise_conv2d_shuffle_32x4"
	poor := choose(shuffled)
	poor.target.features = vk.Features{}
	for _, c := range []struct {
		name string
		e    *Executor
		want []string
	}{
		{"what it can", choose(shuffled), nil},
		{"without shuffle", poor, []string{line}},
		{"switched off", choose(shuffled).With(Options{Without: []string{shuffled}}), []string{line}},
		{"shuffle on none", choose("pointwise_conv2d"), nil},
	} {
		if got := c.e.CannotRun(programs); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
