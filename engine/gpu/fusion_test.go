package gpu

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/optest"
	"cnnvk/net"
	"cnnvk/vk/vktest"
)

// TestFusionFollowsTheData holds every flow against its ops, one after another on the reference: in several layouts, and without each of
// the fused variants and their kernels. And it holds which variants are fused.
func TestFusionFollowsTheData(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	for _, f := range flows {
		t.Run(f.name, func(t *testing.T) {
			p, err := f.program()
			must(t, err)
			want, _ := results(t, cpu.New(), p, engine.PlanOptions{})
			hold := func(opt Options, plan engine.PlanOptions) []string {
				t.Helper()
				got, kernels := results(t, e.With(opt), p, plan)
				for name := range want {
					if d := optest.NMSE(got[name], want[name]); !(d <= maxNMSE) {
						t.Errorf("without %v: %s: NMSE %.2g, allowed %.2g", opt.Without, name, d, maxNMSE)
					}
				}
				return fusedIn(kernels)
			}
			if runs := hold(Options{}, engine.PlanOptions{}); !slices.Equal(runs, f.fusesOn(t, p, e)) {
				t.Errorf("fused are %v, want %v", runs, f.fusesOn(t, p, e))
			}
			hold(Options{PanelImages: func(*engine.Tensor) int { return 1 }, NoTexels: true}, engine.PlanOptions{})
			if runs := hold(Options{}, engine.PlanOptions{NoFusion: true}); len(runs) > 0 {
				t.Errorf("NoFusion fuses %v", runs)
			}
			for _, name := range f.fuses {
				if runs := hold(Options{Without: []string{name}}, engine.PlanOptions{}); slices.Contains(runs, name) {
					t.Errorf("%s runs although it is switched off", name)
				}
			}
			for _, name := range fusedKernels(t, p, e.target) {
				without := Options{Without: []string{name}}
				if _, err := newPlan(p, planOptions{Options: without}, e.target); err == nil {
					hold(without, engine.PlanOptions{})
				}
			}
		})
	}
}

// fusesOn is what a flow fuses with an executor: no sum behind a gradient by the input whose own variant there cannot add.
func (f flow) fusesOn(t *testing.T, p *engine.Program, e *Executor) []string {
	t.Helper()
	alone, err := newPlan(p, planOptions{engine.PlanOptions{NoFusion: true}, e.options}, e.target)
	must(t, err)
	return slices.DeleteFunc(slices.Clone(f.fuses), func(name string) bool {
		gradient, sum := strings.CutSuffix(name, "_backward_data_add")
		return sum && !slices.ContainsFunc(alone.kernels, func(k string) bool {
			return strings.HasPrefix(k, gradient+"_backward_data: ") && variantNamed(ranBy(k)).adds
		})
	})
}

// fusedKernels are the kernels that fused variants dispatch in a plan of the program and other variants do not.
func fusedKernels(t *testing.T, p *engine.Program, on target) []string {
	t.Helper()
	fused, err := newPlan(p, planOptions{}, on)
	must(t, err)
	plain, err := newPlan(p, planOptions{PlanOptions: engine.PlanOptions{NoFusion: true}}, on)
	must(t, err)
	var out []string
	for _, d := range fused.dispatches {
		same := func(o dispatch) bool { return o.kernel.name == d.kernel.name }
		if !slices.ContainsFunc(plain.dispatches, same) && !slices.Contains(out, d.kernel.name) {
			out = append(out, d.kernel.name)
		}
	}
	return out
}

// fusedIn are the fused variants among kernel choices, in order.
func fusedIn(kernels []string) []string {
	var out []string
	for _, k := range kernels {
		if slices.ContainsFunc(variants, func(v variant) bool { return len(v.covers) > 1 && v.name == ranBy(k) }) {
			out = append(out, ranBy(k))
		}
	}
	return out
}

// touched are the tensors of a program that results writes and reads, and the options by which they are kept.
func touched(p *engine.Program, opt engine.PlanOptions) (given, wanted []*engine.Tensor, kept engine.PlanOptions) {
	for _, x := range p.Tensors {
		switch read := slices.ContainsFunc(p.Ops, func(op engine.Op) bool { return slices.Contains(op.Inputs, x) }); {
		case x.Role != engine.Value:
		case p.Producer(x) < 0:
			given = append(given, x)
		case !read || slices.Contains(opt.Keep, x.Name):
			wanted = append(wanted, x)
		}
	}
	for _, x := range slices.Concat(given, wanted) {
		opt.Keep = append(opt.Keep, x.Name)
	}
	return given, wanted, opt
}

// results writes what no op of the program writes, runs it, and returns what no op reads, and the gradients.
func results(t *testing.T, e engine.Executor, p *engine.Program, opt engine.PlanOptions) (map[string][]float64, []string) {
	t.Helper()
	given, wanted, opt := touched(p, opt)
	s, err := e.NewSession(t.Context(), p.Layout, []*engine.Program{p}, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, a := range []engine.Arena{engine.Model, engine.EMA} {
		data := make([]float64, p.Layout.Elements)
		for i := range data {
			data[i] = float64(float32(0.6 + 0.5*wave(i, 3+int(a)))) // variances stay positive
		}
		must(t, s.WriteArena(a, data))
	}
	for i, x := range given {
		data := make([]float64, x.Shape.Elements())
		for j := range data {
			data[j] = float64(float32(wave(j, 7+i) + 0.3))
		}
		must(t, s.Write(p, x, data))
	}
	must(t, s.Run(p, engine.NewStepInputs(p)))
	_, err = s.Reports()
	must(t, err)
	out := map[string][]float64{}
	for _, x := range wanted {
		out[x.Name], err = s.Read(p, x)
		must(t, err)
	}
	out["gradient"], err = s.ReadArena(engine.Gradient)
	must(t, err)
	return out, s.Kernels(p)
}

// What is to be kept is written, whichever tensor of a block it is.
func TestFusionKeeps(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	for _, b := range []block{{N: 4, C: 5, H: 4, W: 8, dropout: true, pool: true, train: true}, {N: 4, C: 5, H: 4, W: 8, pool: true, conv: 4}} {
		p, err := b.program()
		must(t, err)
		for _, x := range p.Tensors {
			if x.Role != engine.Value || p.Producer(x) < 0 {
				continue
			}
			t.Run(fmt.Sprint(b, " ", x.Name), func(t *testing.T) {
				opt := engine.PlanOptions{Keep: []string{x.Name}}
				want, _ := results(t, cpu.New(), p, opt)
				got, _ := results(t, e, p, opt)
				for _, name := range []string{x.Name, "y", "gradient"} {
					if d := optest.NMSE(got[name], want[name]); !(d <= maxNMSE) || len(want[name]) == 0 {
						t.Errorf("%s: NMSE %.2g, allowed %.2g", name, d, maxNMSE)
					}
				}
			})
		}
	}
}

// Of any plan, whatever is fused, switched off or kept: a dispatch reads what an earlier one wrote, or the host.
func TestPlansReadWhatIsWritten(t *testing.T) {
	var programs []*engine.Program
	for _, f := range flows {
		p, err := f.program()
		must(t, err)
		programs = append(programs, p)
	}
	sample, _, err := optest.SampleStep(6, 16, []int{8, 8, 16, 16})
	must(t, err)
	programs = slices.Concat(programs, network(t, net.SmallCIFARNetName, 8), network(t, net.TinyNetName, 8), []*engine.Program{sample})
	var options []Options
	names := map[string]bool{} // of which several variants may have one
	for _, v := range variants {
		if len(v.covers) > 1 && !names[v.name] {
			names[v.name] = true
			options = append(options, Options{Without: []string{v.name}})
		}
	}
	for _, p := range programs {
		for _, opt := range append(options, Options{}) {
			pl, err := newPlan(p, planOptions{Options: opt}, anyDevice())
			must(t, err)
			// Of the window of the channels' numbers, which several tensors share, the bytes from first to last are written at a time.
			type place struct {
				*slab
				first, last int64
			}
			var written []place
			write := func(o operand) { written = append(written, place{o.slab, o.offset, o.offset + o.size()}) }
			wrote := func(o operand) bool {
				return slices.ContainsFunc(written, func(w place) bool {
					return w.slab == o.slab && (o.slab != pl.norms || w.first <= o.offset && o.offset < w.last)
				})
			}
			tensors := map[*slab]bool{} // the others are scratch, or tensors of an arena in one window
			for _, x := range p.Tensors {
				host := x.Role == engine.Value && p.Producer(x) < 0
				tensors[pl.of(x).slab] = true
				if host || x.Role != engine.Value && x.Role != engine.Result {
					write(pl.of(x))
				}
			}
			for _, d := range pl.dispatches {
				for i, o := range slices.Concat(d.storage, d.texel) {
					reads := i >= len(d.storage) || d.kernel.storage[i] != out
					if reads && !wrote(o) && (tensors[o.slab] || o.slab.home == workspace) {
						t.Fatalf("%s without %v: %s reads %s before it is written", p.Name, opt.Without, d.kernel.name, o.slab.name)
					}
				}
				for i, o := range d.storage {
					if d.kernel.storage[i] != in {
						write(o)
					}
				}
			}
		}
	}
}

// Each line of a fusion names all that its op reads and writes, what is computed anew is what some later line reads, and what is written
// all the same is what a line makes and a later one reads.
func TestFusionsAreWhole(t *testing.T) {
	for _, v := range variants {
		if v.fusion == nil {
			continue
		}
		lines, written := slices.Concat(v.fusion.again, v.fusion.covers), strings.Fields(v.fusion.writes)
		for i, l := range lines {
			names, results := strings.Fields(l.in), strings.Fields(l.out)
			in, out := engine.Operands(l.kind), engine.Outputs(l.kind)
			least := slices.IndexFunc(in, func(o engine.Operand) bool { return o.Optional })
			if least < 0 {
				least = len(in)
			}
			if len(in) == 0 || len(names) < least || len(names) > len(in) || len(results) != len(out) {
				t.Errorf("%s: %s reads %q and writes %q, its row has %d to %d inputs and %d outputs", v.name, l.kind, l.in, l.out, least, len(in), len(out))
			}
			written = slices.DeleteFunc(written, func(name string) bool {
				return slices.Contains(results, name) && slices.ContainsFunc(lines[i+1:], func(m line) bool { return slices.Contains(strings.Fields(m.in), name) })
			})
			if i < len(v.fusion.again) && !slices.ContainsFunc(lines[i+1:], func(m line) bool { return slices.Contains(strings.Fields(m.in), results[0]) }) {
				t.Errorf("%s: no op reads %s, which is computed anew", v.name, results[0])
			}
		}
		if len(written) > 0 {
			t.Errorf("%s: %v are written, but no line makes them for another", v.name, written)
		}
	}
}

// What lies in an arena outlives the step: it is written, though no op but those of a run reads it.
func TestFusionSparesArenas(t *testing.T) {
	p, err := flow{"norm into an arena", nil, func(w *flowWriter) {
		w.shape = engine.Shape{1, 4, 2, 8}
		n := w.Flat(engine.EMA, 0, w.shape.Elements())
		n.Shape = w.shape
		w.Apply(engine.BatchNorm2dEval, engine.BatchNormAttr{Epsilon: 1e-5},
			[]*engine.Tensor{w.host("x"), w.model("weight0"), w.model("bias0"), w.model("mean0"), w.model("var0")}, n)
		w.relu(n)
	}}.program()
	must(t, err)
	pl, err := newPlan(p, planOptions{}, anyDevice())
	must(t, err)
	if runs := fusedIn(pl.kernels); len(runs) > 0 {
		t.Errorf("fused are %v", runs)
	}
}

// A fusion is for ops with just the operands that its lines name, and computes anew only from what is in memory.
func TestFusionOperands(t *testing.T) {
	p, err := flow{"operands", nil, func(w *flowWriter) {
		_, r, _ := w.normReLU()
		w.op(engine.ReLUBackward, w.host("dr"), r)
		x := w.host("z")
		w.Apply(engine.Conv2d, engine.ConvAttr{Kernel: 1, Stride: 1}, []*engine.Tensor{x, w.model("conv0"), w.model("bias0")})
	}}.program()
	must(t, err)
	pl := blankPlan(p, planOptions{}, anyDevice())
	for names, want := range map[string]bool{"x w": false, "x w b": true, "x w b more": false, "x w w": false} {
		if got := pl.match(&fusion{covers: []line{{engine.Conv2d, names, "y"}}}, 3); (got != nil) != want {
			t.Errorf("a convolution of x, w and b matches %q: %t", names, !want)
		}
	}
	m := pl.match(&fusion{covers: []line{lineReLUBackward}, again: []line{lineNorm, lineReLU}}, 2)
	c := &call{plan: pl, ops: p.Ops[2:3], at: 2, match: m}
	if !pl.allows(c) {
		t.Fatal("the gradient of ReLU cannot be had from x")
	}
	pl.skipped[m.named["x"]] = true
	if pl.allows(c) {
		t.Error("the gradient of ReLU is had from x, which is skipped")
	}
}

// A program that reads what it writes later is refused.
func TestReadBeforeWritten(t *testing.T) {
	f := flow{"too early", nil, func(w *flowWriter) {
		x, late := w.host("x"), w.host("late")
		w.op(engine.Add, x, late)
		w.Apply(engine.ReLU, nil, []*engine.Tensor{x}, late)
	}}
	p, err := f.program()
	must(t, err)
	if _, err = newPlan(p, planOptions{}, anyDevice()); err == nil || !strings.Contains(err.Error(), "late") {
		t.Errorf("error is %v", err)
	}
}
