package gpu

import (
	"testing"

	"cnnvk/engine"
	"cnnvk/net"
)

// A step is sampled by few kernels, for they are compiled with every vector width, and by such as the step has, also in another batch size, for
// those are compiled already when the training begins, but for small ones whose texel buffers are of another form.
func TestSamplesAreFew(t *testing.T) {
	e := &Executor{target: lavapipe}
	list, err := e.samples(network(t, net.SmallCIFARNetName, 32)[0])
	must(t, err)
	training := pipelinesOf(t, network(t, net.SmallCIFARNetName, 128)[0], planOptions{}, lavapipe)
	sampled := map[string]bool{}
	for _, s := range list {
		options := planOptions{Options: Options{Choices: Choices{s.key: s.builtIn}}}
		options.KeepAll = true
		for key := range pipelinesOf(t, s.program, options, lavapipe) {
			sampled[key] = true
			if !training[key] {
				t.Errorf("%s of %s is not one of the training step's", key, s.key)
			}
		}
	}
	if len(list) != 6 || len(sampled) > 8 || len(training) < 4*len(sampled) {
		t.Errorf("%d kinds are sampled by %d kernels; the step has %d", len(list), len(sampled), len(training))
	}
}

// pipelinesOf are the keys of what a plan's dispatches run, of whichever form their texel buffers are.
func pipelinesOf(t *testing.T, p *engine.Program, o planOptions, on target) map[string]bool {
	t.Helper()
	pl, err := newPlan(p, o, on)
	must(t, err)
	out := map[string]bool{}
	for _, d := range pl.dispatches {
		d.forms = nil
		out[d.pipelineKey()] = true
	}
	return out
}

// What stands for all ops of its kind has the most work of them, and its share is that of them all.
func TestSampleShares(t *testing.T) {
	p := network(t, net.SmallCIFARNetName, 8)[0]
	list, err := (&Executor{target: lavapipe}).samples(p)
	must(t, err)
	for _, s := range list {
		kind := s.program.Ops[0].Kind
		var all int64
		for _, op := range p.Ops {
			if op.Kind == kind {
				all += op.MultiplyAdds()
				if op.MultiplyAdds() > s.work() {
					t.Errorf("%s is sampled by %d multiply-adds, there are %d", kind, s.work(), op.MultiplyAdds())
				}
			}
		}
		if got := s.share * float64(s.work()); int64(got+0.5) != all {
			t.Errorf("%s: %g multiply-adds are shared out, there are %d", kind, got, all)
		}
	}
}
