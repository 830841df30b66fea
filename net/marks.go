package net

// marksOf are the widths that a layer's weight has as its first dimension, so that they can be read off a file of weights.
func marksOf(c *call, l layer, name string) map[string]mark {
	dims := 0
	switch l.(type) {
	case conv2d:
		dims = 4
	case linear:
		dims = 2
	default:
		return nil
	}
	out := map[string]mark{}
	for _, a := range c.args {
		if a.name == c.kind.params[0] {
			out[a.value] = mark{name + ".weight", dims}
		}
	}
	return out
}
