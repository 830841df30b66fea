package training

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/gpu"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/vk/vktest"
)

// Frozen parameters and their averages keep their bits in five steps, on both executors, with every optimiser, decay and clipping; all
// other parameters move, and so do the statistics of a BatchNorm whose parameters are frozen.
func TestFreeze(t *testing.T) {
	t.Parallel()
	for _, on := range []struct {
		name       string
		optimizers []string
		open       func(*testing.T) engine.Executor
	}{
		{"cpu", Optimizers, func(*testing.T) engine.Executor { return cpu.New() }},
		{"gpu", []string{AdamW}, func(t *testing.T) engine.Executor { // each takes a minute of compiling

			e := gpu.New(vktest.Device(t))
			t.Cleanup(func() { e.Close() })
			return e
		}},
	} {
		t.Run(on.name, func(t *testing.T) {
			for _, optimizer := range on.optimizers {
				e := on.open(t) // closed behind the trainer
				tr := someTrainer(t, func(r *Recipe) {
					r.UseOptimizer(optimizer)
					r.Freeze = []string{"features.0.*", "features.[46].bn.*", "features.8.pointwise.weight", "classifier.bias"}
					r.WeightDecay, r.ClipNorm, r.LimitSteps, r.WarmupEpochs = 0.3, 0.1, 5, 0
				})
				checkFrozen(t, tr, e, optimizer)
			}
		})
	}
}

func checkFrozen(t *testing.T, tr *Trainer, e engine.Executor, what string) {
	t.Helper()
	if err := tr.Open(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	read := func(a engine.Arena) []float64 {
		values, err := tr.run.session.ReadArena(a)
		if err != nil {
			t.Fatal(err)
		}
		return values
	}
	before := read(engine.Model)
	if err := tr.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	frozen := 0
	for _, a := range []engine.Arena{engine.Model, engine.EMA} {
		after := read(a)
		for _, s := range tr.run.layout.Segments {
			was, is := before[s.Offset:][:s.Shape.Elements()], after[s.Offset:][:s.Shape.Elements()]
			if same := slices.Equal(was, is); same != s.Frozen {
				t.Errorf("%s: %v of %s: the same as before is %t", what, a, s.Name, same)
			}
			if s.Frozen {
				frozen++
			}
		}
	}
	if frozen != 2*(4+2+2+1+1) {
		t.Errorf("%s: %d segments are frozen", what, frozen)
	}
}

// Whatever is frozen, a step of every network can be written, and its gradients are those of what is left.
func TestFreezePrograms(t *testing.T) {
	t.Parallel()
	for _, name := range net.ModelNames() {
		m, err := net.NewModel(name, nil, 0, net.CIFAR100)
		if err != nil {
			t.Fatal(err)
		}
		segments := m.Segments()
		parameters := slices.DeleteFunc(segments, func(s engine.Segment) bool { return !s.Trained })
		lists := [][]string{{"*.weight"}, {"*.bias"}, {"*bn*"}}
		for i := range parameters[1:] { // the first ones; all but one; one alone
			lists = append(lists, namesOf(parameters[:i+1]), namesOf(append(slices.Clone(parameters[:i]), parameters[i+1:]...)), namesOf(parameters[i:i+1]))
		}
		for _, patterns := range lists {
			r := DefaultRecipe()
			r.Freeze = patterns
			l, err := Layout(m, r)
			if bad := (*RecipeError)(nil); errors.As(err, &bad) && strings.HasPrefix(patterns[0], "*") {
				continue // the network has no such names, or no others
			}
			if err != nil {
				t.Fatal(name, patterns, err)
			}
			p, err := TrainProgram(m, l, r, net.ImageShape{N: 8, C: 3, H: 32, W: 32}, 4, nil)
			if err != nil {
				t.Fatal(name, patterns, err)
			}
			written := map[int]bool{}
			for _, op := range p.Ops {
				for _, out := range op.Outputs {
					if out.Role == engine.State && out.Arena == engine.Gradient {
						written[out.Offset] = true
					}
				}
			}
			for _, s := range l.Segments {
				if s.Trained != written[s.Offset] && (s.Trained || s.Frozen) {
					t.Errorf("%s with %q frozen: the gradient of %s is written: %t", name, patterns, s.Name, written[s.Offset])
				}
			}
		}
	}
}

func namesOf(segments []engine.Segment) []string {
	var out []string
	for _, s := range segments {
		out = append(out, s.Name)
	}
	return out
}

func TestFreezeRefuses(t *testing.T) {
	t.Parallel()
	m, err := net.NewModel(net.SmallCIFARNetName, narrow, 0, net.CIFAR100)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		freeze     []string
		says, hint string
	}{
		{[]string{"features.0.*", "stem.*"}, `freeze "stem.*": use a pattern that names parameters of smallcifarnet: features.0.depthwise.weight, `, ""},
		{[]string{"features"}, `freeze "features": use a pattern`, `"features.*"`},
		{[]string{""}, `freeze "": use a pattern`, ""},
		{[]string{"*.running_mean"}, `freeze "*.running_mean": use a pattern`, ""},
		{[]string{"features.*", "classifier.*"}, "patterns that leave a parameter to train: these freeze all 26", ""},
		{[]string{"*"}, "leave a parameter to train", ""},
	} {
		r := DefaultRecipe()
		r.Freeze = c.freeze
		_, err := Layout(m, r)
		if !errors.As(err, new(*RecipeError)) || !strings.Contains(err.Error(), c.says) || !strings.Contains(hints.Of(err), c.hint) || (hints.Of(err) == "") != (c.hint == "") {
			t.Errorf("%q: %v, hint %q, want %q", c.freeze, err, hints.Of(err), c.says)
		}
	}
	r := DefaultRecipe()
	r.Freeze = []string{"features.*", "x["}
	if err := r.Check(); err == nil || !strings.Contains(err.Error(), `freeze "x["`) {
		t.Errorf("%v", err)
	}
}

// A training begins with the file's weights, also after its epochs were timed, and counts its batches on.
func TestTrainerPretrained(t *testing.T) {
	t.Parallel()
	first := someTrainer(t, func(r *Recipe) { r.EMADecay = 0 })
	if _, err := trainOn(t, t.Context(), first, nil); err != nil {
		t.Fatal(err)
	}
	c, err := first.Checkpoint(nil)
	if err != nil {
		t.Fatal(err)
	}
	w, err := c.Averaged(first.Model, nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := w.Save(path, []float64{0, 0, 0}, []float64{1, 1, 1}); err != nil {
		t.Fatal(err)
	}
	tr := someTrainer(t, nil)
	if tr.Pretrained, err = net.LoadPretrained(path, tr.Model); err != nil {
		t.Fatal(err)
	}
	if err := tr.Open(t.Context(), cpu.New()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, a := range []engine.Arena{engine.Model, engine.EMA} {
			got, err := tr.run.session.ReadArena(a)
			if err != nil || !slices.Equal(got, w.Arena) {
				t.Errorf("the %v arena is not that of the file: %v", a, err)
			}
		}
		if at := tr.Position(); at.Counters != (Counters{6, 6}) || at.Total != 0 {
			t.Errorf("begins at %+v", at)
		}
		if _, err := tr.EpochTime(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(tr.Pretrained.Anew()) != "" {
		t.Error(tr.Pretrained.Anew())
	}
}
