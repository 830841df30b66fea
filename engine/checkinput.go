package engine

import "fmt"

// CheckInput finds in an integer step input what its shape does not say: images that are not there, classes that are not there, a
// draw that cannot be followed. A shader would read whatever lies in their place.
func CheckInput(p *Program, t *Tensor, values []uint32) error {
	for _, op := range p.Ops {
		var err error
		switch {
		case op.Kind == GatherNormalize && op.Inputs[2] == t:
			err = below(values, op.Inputs[0].N())
		case op.Kind == CrossEntropy && op.Inputs[1] == t:
			err = below(values, op.Inputs[0].C())
		case op.Kind == Augment && op.Inputs[2] == t:
			err = checkDraws(values, op.Inputs[0].N(), op.Attr.Kinds)
		}
		if err != nil {
			return fmt.Errorf("%s: %s%w", op.Kind, t.Name, err)
		}
	}
	return nil
}

func below(values []uint32, limit int) error {
	for i, v := range values {
		if int64(v) >= int64(limit) {
			return fmt.Errorf("[%d] is %d, but there are only %d", i, v, limit)
		}
	}
	return nil
}

func checkDraws(values []uint32, images int, kinds uint32) error {
	for i := range len(values) / DrawElements {
		if err := checkDraw(values[i*DrawElements:][:DrawElements], images, kinds); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return nil
}
