package net

import "cnnvk/engine"

// run writes layers down that follow one another. The mask of a dropout is written before the layers that a fused kernel joins with it.
func (f *forward) run(steps []step, x *engine.Tensor) *engine.Tensor {
	var mask *engine.Tensor
	drawn := -1
	for i, s := range steps {
		if at := dropoutAfter(steps, i); f.random != nil && at >= 0 && at != drawn {
			mask, drawn = steps[at].layer.(dropout).mask(f, x), at
		}
		if d, is := s.layer.(dropout); is {
			x = d.drop(f, x, mask)
			mask = nil
		} else {
			x = s.forward(f, s.name, x)
		}
		if f.observe != nil {
			f.observe(s, x)
		}
	}
	return x
}

// pixelwise are the layers whose output has the shape of the input, and that a fused kernel may join with a dropout.
type pixelwise interface{ pixelwise() }

// dropoutAfter is the place of the dropout that follows on pixelwise layers from i on, or -1.
func dropoutAfter(steps []step, i int) int {
	for ; i < len(steps); i++ {
		if _, is := steps[i].layer.(dropout); is {
			return i
		}
		if _, is := steps[i].layer.(pixelwise); !is {
			break
		}
	}
	return -1
}

// parametersOf lists the state of layers in construction order.
func parametersOf(steps []step) []parameter {
	var out []parameter
	for _, s := range steps {
		out = append(out, s.parameters(s.name)...)
	}
	return out
}
