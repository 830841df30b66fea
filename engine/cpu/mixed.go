package cpu

import (
	"math"
	"slices"

	"cnnvk/engine"
)

// Mixed precision: a program may store activations and their gradients in 16 bits. The reference computes all in float64 and rounds such a
// tensor when an op has written it, or the host. The weights of products are multiplied as rounded to the same type.

// round brings what an op wrote to the values that can be stored.
func (w *workspace) round(written []*engine.Tensor) {
	for _, t := range written {
		if t.DType.Half() && !w.unstored(t) {
			w.tensors[t.ID].round()
		}
	}
}

func (t *tensor) round() {
	parallel(t.Shape[0], func(i int) {
		row := t.row(i)
		for k, v := range row {
			row[k] = t.DType.Round(v)
		}
	})
}

// inputs looks up the values that an op reads, with the weight of a product as it is multiplied.
func (w *workspace) inputs(op engine.Op) []*tensor {
	in := w.all(op.Inputs)
	if at := weightAt(op); at >= 0 {
		in[at] = in[at].rounded(op.Inputs[0].DType)
	}
	return in
}

// weightAt is the place of the weight among the operands of a product of 16-bit activations, -1 for any other op.
func weightAt(op engine.Op) int {
	if !op.Inputs[0].DType.Half() {
		return -1
	}
	return slices.IndexFunc(engine.Operands(op.Kind), func(o engine.Operand) bool { return o.Product })
}

func (t *tensor) rounded(d engine.DType) *tensor {
	out := newTensor(t.Tensor)
	for i, v := range t.floats {
		out.floats[i] = d.Round(v)
	}
	return out
}

// folded computes batch_norm2d_eval together with the product before it, where a device does so and never stores what lies between: with
// s = scale / sqrt(running_var + ε) the weight is rounded after it was multiplied by s, and
//
//	y = x (s w) + s (b - running_mean) + bias
//
// Without 16-bit weights that is no other y. It reports whether op at that place is one of these.
func (w *workspace) folded(at int) bool {
	norm := w.program.Ops[at]
	if norm.Kind != engine.BatchNorm2dEval || !w.unstored(norm.Inputs[0]) {
		return false
	}
	producer := w.program.Producer(norm.Inputs[0])
	if producer < 0 || weightAt(w.program.Ops[producer]) < 0 {
		return false
	}
	conv := w.program.Ops[producer]
	in, place, parameters := w.all(conv.Inputs), weightAt(conv), w.all(norm.Inputs[1:])
	weight, y := newTensor(conv.Inputs[place]), w.tensors[norm.Outputs[0].ID]
	scale := make([]float64, y.C())
	for m := range scale {
		scale[m] = parameters[0].floats[m] / math.Sqrt(parameters[3].floats[m]+norm.Attr.(engine.BatchNormAttr).Epsilon)
		for i, v := range in[place].row(m) {
			weight.row(m)[i] = norm.Outputs[0].DType.Round(v * scale[m])
		}
	}
	ops[conv.Kind](conv.Attr, []*tensor{y}, []*tensor{in[0], weight})
	for m, s := range scale {
		shift := parameters[1].floats[m] - s*parameters[2].floats[m]
		if len(in) > 2 {
			shift += s * in[2].floats[m]
		}
		overChannel(y, m, func(_ int, plane []float64) {
			for i := range plane {
				plane[i] += shift
			}
		})
	}
	return true
}
