package machine

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"cnnvk/engine"
	"cnnvk/engine/gpu"
	"cnnvk/engine/optest"
)

// What a limit leaves keeps its built-in kernel, in later trainings, too, until a tuning without a limit measures it.
func TestTuningLimit(t *testing.T) {
	t.Setenv("CNNVK_PROFILE", "floor")
	t.Setenv(widthVariable, "256")
	m := openVulkan(t)
	said := ""
	m.options.Say = func(format string, args ...any) { said += fmt.Sprintf(format, args...) }
	demand := func(batch int) (*engine.Layout, []*engine.Program, error) {
		p, err := optest.Case{Kind: engine.PointwiseConv2d, N: batch, C: 16, M: 24, H: 8, W: 8}.Program()
		if err != nil {
			return nil, nil, err
		}
		return p.Layout, []*engine.Program{p}, nil
	}
	const key = "pointwise_conv2d 16x8x8 24x8x8"
	builtIn := ""
	for _, c := range []struct {
		why  string
		t    Tuning
		says string
		left bool
	}{
		{"no time", Tuning{Limit: time.Nanosecond, Rest: "cnnvk tune --model x"}, "until cnnvk tune --model x measures them", true},
		{"time, later", Tuning{Limit: time.Hour}, "", true},
		{"no limit", Tuning{}, "tuned in ", false},
		{"a training after it", Tuning{Limit: time.Nanosecond}, "", false},
		{"again", Tuning{Again: true}, "tuned in ", false},
	} {
		said = ""
		if err := m.Tune(t.Context(), c.t, demand, 4); err != nil {
			t.Fatal(err)
		}
		chosen, err := m.Choices(demand, 4)
		if err != nil {
			t.Fatal(err)
		}
		kept := m.store.measured()
		if c.left {
			if builtIn == "" {
				builtIn = chosen[key]
			}
			if builtIn == "" || !maps.Equal(kept.Left, gpu.Choices{key: builtIn}) || len(kept.Kernels) > 0 {
				t.Errorf("%s: the store has %v", c.why, kept)
			}
		} else if len(kept.Left) > 0 || kept.Kernels[key] == "" {
			t.Errorf("%s: the store has %v", c.why, kept)
		}
		if want := kept.with(nil, nil); chosen[key] != want.Kernels[key]+want.Left[key] {
			t.Errorf("%s: %v is chosen, the store has %v", c.why, chosen, kept)
		}
		if (said == "") != (c.says == "") || !strings.Contains(said, c.says) {
			t.Errorf("%s: said %q, want %q", c.why, said, c.says)
		}
		if err := m.Reopen(); err != nil {
			t.Fatal(err)
		}
	}
}
