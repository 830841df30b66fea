package engine

import "fmt"

// CheckInput checks the values of an integer step input: indices of images and classes must exist, and draws must be possible. With a wrong
// value a shader would read whatever lies in memory there.
func CheckInput(p *Program, t *Tensor, values []uint32) error {
	for _, op := range p.Ops {
		for i, in := range op.Inputs {
			if in != t {
				continue
			}
			if err := op.checkInput(i, values); err != nil {
				return fmt.Errorf("%s: %s%w", op.Kind, t.Name, err)
			}
		}
	}
	return nil
}

// checkInput is CheckInput for the operand at that place.
func (op Op) checkInput(place int, values []uint32) error {
	r := table[op.Kind]
	o := r.in[place]
	if o.Below == "" && o.check == nil {
		return nil
	}
	d, err := r.solve(op)
	if err != nil {
		return err
	}
	if o.check != nil {
		return o.check(values, op.Attr, d)
	}
	for i, v := range values {
		if limit := d[o.Below]; int64(v) >= int64(limit) {
			return fmt.Errorf("[%d] is %d, but there are only %d", i, v, limit)
		}
	}
	return nil
}

// checkDraws demands draws (N,DrawElements) that an op with those attributes can follow.
func checkDraws(values []uint32, a Attr, d Dims) error {
	for i := range d["N"] {
		if err := checkDraw(values[i*DrawElements:][:DrawElements], d["D"], a.(AugmentAttr).Kinds); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return nil
}
