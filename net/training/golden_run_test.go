package training

import (
	"cnnvk/net/safetensors"

	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/net"
)

const batchesFile = "batches.safetensors"

// goldenRun is a golden training under way on an executor.
type goldenRun struct {
	t           *testing.T
	c           goldenCase
	model       *net.Model
	layout      *engine.Layout
	session     engine.Session
	train, eval *net.Batches
	data        net.Data // the batches of all steps, one after the other
	counters    Counters
	out         map[string]safetensors.Tensor
}

// train runs the case's steps and returns what expect64 holds, under its names.
func (c goldenCase) train(t *testing.T, e engine.Executor) map[string]safetensors.Tensor {
	r := &goldenRun{t: t, c: c, out: map[string]safetensors.Tensor{}}
	r.open(e)
	defer r.session.Close()
	r.checkInitial()
	r.put("eval_logits0", r.evalLogits())
	r.steps(func() { r.dump("1") })
	r.dump("")
	r.put("eval_logits", r.evalLogits())
	return r.out
}

// trainMixed is train with mixed precision, where every op's output is stored.
func (c goldenCase) trainMixed(t *testing.T, e engine.Executor) map[string]safetensors.Tensor {
	r := &goldenRun{t: t, c: c, out: map[string]safetensors.Tensor{}}
	r.open(e)
	defer r.session.Close()
	r.setInitial()
	r.must(r.session.WriteArena(engine.Status, c.recipe().Status()))
	r.steps(func() {})
	r.arena(engine.Model, "buffer.", isStatistic)
	r.batchesTracked("buffer.", r.counters.Model)
	return r.out
}

// steps runs the case's steps, and calls first after the first one.
func (r *goldenRun) steps(first func()) {
	var losses, norms []float32
	for step := range r.c.Steps {
		report := r.step(step)
		losses = append(losses, float32(report.Results[net.ResultMetrics][engine.MetricLoss]/float64(r.c.Batch)))
		norms = append(norms, float32(report.Results[resultNorm][engine.NormGlobal]))
		if step == 0 {
			r.put("logits0", r.logits(report.Program))
			r.arena(engine.Gradient, "grad0.", isTrained)
			first()
		}
	}
	r.put("loss", safetensors.Tensor{Shape: []int{r.c.Steps}, F32: losses})
	r.put("grad_norm", safetensors.Tensor{Shape: []int{r.c.Steps}, F32: norms})
}

func (r *goldenRun) open(e engine.Executor) {
	recipe := r.c.recipe()
	var err error
	r.model, err = r.c.network()
	r.must(err)
	r.layout, err = r.model.Layout(2)
	if recipe.Optimizer != "adamw" {
		r.layout, err = r.model.Layout(1)
	}
	r.must(err)
	if len(recipe.Freeze) > 0 {
		r.layout, err = Layout(r.model, recipe)
		r.must(err)
	}
	r.data = r.batches()
	train, err := TrainProgram(r.model, r.layout, recipe, r.data.Shape, r.c.Batch, nil)
	r.must(err)
	eval, err := net.EvalProgram(r.model, r.layout, engine.Model, engine.Float, r.data.Shape, r.c.Batch)
	r.must(err)
	r.train, r.eval = net.NewBatches(train), net.NewBatches(eval)
	r.session, err = e.NewSession(r.t.Context(), r.layout, []*engine.Program{train, eval}, engine.PlanOptions{Keep: []string{"logits"}, NoFusion: recipe.AMP})
	r.must(err)
	r.must(SetResidents(r.session, r.data, recipe))
}

// network is the one of the case's folder, or the built-in one that it names.
func (c goldenCase) network() (*net.Model, error) {
	task := c.task()
	if !c.hasNetwork() {
		return net.NewModel(c.Model, c.Widths, c.Dropout, task)
	}
	s, err := net.ReadSpec(c.networkFile())
	if err != nil {
		return nil, err
	}
	return s.Build(c.Dropout, task)
}

// task is what the case's network is for.
func (c goldenCase) task() net.Task {
	task := net.CIFAR100
	if c.Classes > 0 {
		task.Classes = c.Classes
	}
	if len(c.Image) == 3 {
		task.C, task.H, task.W = c.Image[0], c.Image[1], c.Image[2]
	}
	return task
}

func (c goldenCase) networkFile() string { return filepath.Join(c.dir, "network.yaml") }

func (c goldenCase) hasNetwork() bool { return isFile(c.networkFile()) }

// batches lays the batches of all steps one after the other, as a data set.
func (r *goldenRun) batches() net.Data {
	tensors := r.c.read(r.t, batchesFile)
	of := r.c.task()
	d := net.Data{Shape: net.ImageShape{N: r.c.Steps * r.c.Batch, C: of.C, H: of.H, W: of.W}, Table: normalizeTable()[:256*of.C]}
	for step := range r.c.Steps {
		for _, v := range tensors[fmt.Sprint("x", step)].I64 {
			d.Images = append(d.Images, byte(v))
		}
		for _, v := range tensors[fmt.Sprint("y", step)].I64 {
			d.Labels = append(d.Labels, uint8(v))
		}
	}
	return d
}

// checkInitial demands PyTorch's initial weights to the bit, and starts from them.
func (r *goldenRun) checkInitial() {
	initial, err := r.model.Initial(r.c.Seed, r.layout)
	r.must(err)
	compared := 0
	for name, want := range r.c.read(r.t, "init.safetensors") {
		s, ok := r.layout.Segment(name)
		if !ok && strings.HasSuffix(name, "num_batches_tracked") && want.I64[0] == 0 {
			continue
		}
		if !ok || !s.Shape.Equal(want.Shape) {
			r.t.Errorf("%s %v: the layout has %v", name, want.Shape, s.Shape)
			continue
		}
		for i, w := range want.F32 {
			if got := initial[s.Offset+i]; got != float64(w) {
				r.t.Errorf("initial %s[%d] is %v, want %v", name, i, got, w)
				break
			}
		}
		compared++
	}
	if compared != len(r.layout.Segments) {
		r.t.Errorf("init.safetensors has %d of %d segments", compared, len(r.layout.Segments))
	}
	r.setInitial()
}

// setInitial starts from the weights of the seed.
func (r *goldenRun) setInitial() {
	initial, err := r.model.Initial(r.c.Seed, r.layout)
	r.must(err)
	r.must(r.session.WriteArena(engine.Model, initial))
	r.must(r.session.WriteArena(engine.EMA, initial))
}

// images are the places of a step's batch.
func (r *goldenRun) images(step int) []int {
	var out []int
	for i := range r.c.Batch {
		out = append(out, step*r.c.Batch+i)
	}
	return out
}

func (r *goldenRun) step(step int) engine.Report {
	p, inputs, err := Step{Images: r.images(step), Number: step, Seed: r.c.Seed, Rate: r.c.rate(step)}.Fill(r.train, r.data, nil)
	r.must(err)
	r.must(r.session.Run(p, inputs))
	reports, err := r.session.Reports()
	r.must(err)
	if len(reports) != 1 {
		r.t.Fatalf("a step gave %d reports", len(reports))
	}
	r.counters.Step(r.c.EMADecay)
	return reports[0]
}

func (r *goldenRun) evalLogits() safetensors.Tensor {
	p, inputs, err := r.eval.Fill(r.data, r.images(0))
	r.must(err)
	r.must(r.session.Run(p, inputs))
	_, err = r.session.Reports()
	r.must(err)
	return r.logits(p)
}

func (r *goldenRun) logits(p *engine.Program) safetensors.Tensor {
	x := p.Tensor("logits")
	data, err := r.session.Read(p, x)
	r.must(err)
	return safetensors.Tensor{Shape: []int{x.N(), x.C()}, F32: safetensors.Rounded(data)}
}

// dump notes parameters, buffers and their averages, as they are now.
func (r *goldenRun) dump(when string) {
	r.arena(engine.Model, "param"+when+".", isParameter)
	r.arena(engine.Model, "buffer"+when+".", isStatistic)
	r.batchesTracked("buffer"+when+".", r.counters.Model)
	if r.c.EMADecay > 0 {
		r.arena(engine.EMA, "ema"+when+".", isParameter)
		r.arena(engine.EMA, "ema"+when+".", isStatistic)
		r.batchesTracked("ema"+when+".", r.counters.EMA)
	}
}

func isTrained(s engine.Segment) bool   { return s.Trained }
func isParameter(s engine.Segment) bool { return s.Trained || s.Frozen }
func isStatistic(s engine.Segment) bool { return !isParameter(s) }

func (r *goldenRun) arena(a engine.Arena, prefix string, wanted func(engine.Segment) bool) {
	data, err := r.session.ReadArena(a)
	r.must(err)
	for _, s := range r.layout.Segments {
		if wanted(s) {
			r.put(prefix+s.Name, safetensors.Tensor{Shape: s.Shape, F32: safetensors.Rounded(data[s.Offset:][:s.Shape.Elements()])})
		}
	}
}

func (r *goldenRun) batchesTracked(prefix string, n int64) {
	for _, s := range r.layout.Segments {
		if name, ok := strings.CutSuffix(s.Name, ".running_mean"); ok {
			r.put(prefix+name+".num_batches_tracked", safetensors.Tensor{Shape: []int{}, I64: []int64{n}})
		}
	}
}

func (r *goldenRun) put(name string, x safetensors.Tensor) {
	x.Name = name
	r.out[name] = x
}

func (r *goldenRun) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// optimize runs clip, optimiser and average on the case's gradients.
func (c goldenCase) optimize(t *testing.T, e engine.Executor) map[string]safetensors.Tensor {
	r := &goldenRun{t: t, c: c, out: map[string]safetensors.Tensor{}}
	initial, grads := c.read(t, "init.safetensors"), c.read(t, "grads.safetensors")
	var segments []engine.Segment
	for _, x := range initial {
		segments = append(segments, engine.Segment{Name: x.Name, Shape: x.Shape, Trained: true})
	}
	groups, err := c.recipe().updateGroups()
	r.must(err)
	r.layout, err = layoutOf(segments, "the case", groups, c.recipe())
	r.must(err)
	p, err := updateProgram(r.layout, c.recipe())
	r.must(err)
	r.session, err = e.NewSession(r.t.Context(), r.layout, []*engine.Program{p}, engine.PlanOptions{})
	r.must(err)
	defer r.session.Close()
	r.write(engine.Model, initial, "")
	r.write(engine.EMA, initial, "")

	var norms []float32
	for step := range c.Steps {
		r.write(engine.Gradient, grads, fmt.Sprintf("grad.%d.", step))
		rec := engine.NewStepInputs(p)
		setRates(rec, c.rate(step), c.recipe().RateFactors(), step+1)
		r.must(r.session.Run(p, rec))
		reports, err := r.session.Reports()
		r.must(err)
		norms = append(norms, float32(reports[0].Results[resultNorm][engine.NormGlobal]))
		r.arena(engine.Model, fmt.Sprintf("param.%d.", step), isParameter)
		r.arena(engine.EMA, fmt.Sprintf("ema.%d.", step), isParameter)
	}
	r.put("grad_norm", safetensors.Tensor{Shape: []int{c.Steps}, F32: norms})
	return r.out
}

// write fills an arena from the tensors whose names are prefix and segment.
func (r *goldenRun) write(a engine.Arena, tensors map[string]safetensors.Tensor, prefix string) {
	data := make([]float64, r.layout.Elements)
	for _, s := range r.layout.Segments {
		for i, v := range tensors[prefix+s.Name].F32 {
			data[s.Offset+i] = float64(v)
		}
	}
	r.must(r.session.WriteArena(a, data))
}
