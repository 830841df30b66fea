package net

import "cnnvk/engine"

// residual is the sum of a main path and a shortcut, with an activation after it or none.
type residual struct {
	main, shortcut []step // an empty shortcut is the input as it is
	before         int    // how many layers of the main path draw their initial weights before the shortcut
	activation     layer  // nil for none
}

func (r *residual) kind() string {
	if r.activation == nil {
		return keyResidual
	}
	return keyResidual + ", " + r.activation.kind()
}

// parameters lists those of both paths, whose layers have names of their own.
func (r *residual) parameters(string) []parameter {
	var out []parameter
	for _, path := range r.paths() {
		out = append(out, parametersOf(path)...)
	}
	return out
}

// paths are the layers in the order of the file.
func (r *residual) paths() [][]step {
	return [][]step{r.main[:r.before], r.shortcut, r.main[r.before:]}
}

// forward writes the main path last, so that the sum stands behind what it adds to.
func (r *residual) forward(f *forward, _ string, x *engine.Tensor) *engine.Tensor {
	beside := f.run(r.shortcut, x)
	y := f.apply(engine.Add, nil, f.run(r.main, x), beside)
	if r.activation != nil {
		y = r.activation.forward(f, "", y)
	}
	return y
}

func (r *residual) onnx(g *onnxGraph, name string, x edge) edge {
	y := g.run(r.main, x)
	y = g.node(name, "Add", []edge{y, g.run(r.shortcut, x)})
	if r.activation != nil {
		y = r.activation.onnx(g, name, y)
	}
	return y
}
