package optest

import "cnnvk/engine"

// PanelChoices lists layouts in which a case should be run, each to be used as PanelImages of the Options of package engine/gpu:
// one image to a panel, all images, a number between, and inputs laid out unlike outputs.
func PanelChoices(c Case) []func(t *engine.Tensor) int {
	p, err := c.Program()
	if err != nil {
		return nil
	}
	output := map[int]bool{}
	for _, t := range p.Ops[0].Outputs {
		output[t.ID] = true
	}
	choose := func(in, out int) func(t *engine.Tensor) int {
		return func(t *engine.Tensor) int {
			switch {
			case !t.Batched || t.N() != c.N:
				return 1
			case output[t.ID]:
				return out
			}
			return in
		}
	}
	choices := []func(t *engine.Tensor) int{choose(1, 1)}
	if c.N == 1 {
		return choices
	}
	choices = append(choices, choose(c.N, c.N), choose(1, c.N), choose(c.N, 1))
	if d := middleDivisor(c.N); d > 1 {
		choices = append(choices, choose(d, d), choose(d, c.N), choose(1, d))
	}
	return choices
}

// middleDivisor is the smallest divisor of n that is at least its root and not n itself; 1 if there is none.
func middleDivisor(n int) int {
	for d := 2; d < n; d++ {
		if n%d == 0 && d*d >= n {
			return d
		}
	}
	return 1
}
