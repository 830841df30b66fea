package optest

import (
	"context"
	"fmt"

	"cnnvk/engine"
)

// Run computes the case on e and returns its outputs by the name of the tensor; where the op works on the arenas,
// these as well, as "arena model" and so on, in which nothing else may have changed. opt.KeepAll is set.
func (c Case) Run(e engine.Executor, opt engine.PlanOptions) (map[string][]float64, error) {
	p, err := c.Program()
	if err != nil {
		return nil, err
	}
	opt.KeepAll = true
	s, err := e.NewSession(context.Background(), p.Layout, []*engine.Program{p}, opt)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	r := engine.NewStepInputs(p)
	if err := c.fill(s, p, r); err != nil {
		return nil, err
	}
	if err := s.Run(p, r); err != nil {
		return nil, err
	}
	return c.outputs(s, p)
}

// fill gives every operand its values.
func (c Case) fill(s engine.Session, p *engine.Program, r *engine.StepInputs) error {
	for a := range engine.ArenaCount {
		if err := s.WriteArena(a, c.arena(a, p.Layout)); err != nil {
			return err
		}
	}
	op := p.Ops[0]
	for i, t := range op.Inputs {
		o := engine.Operands(op.Kind)[i]
		var err error
		switch {
		case t.Role == engine.Resident:
			err = c.fillResident(s, t)
		case t.Role == engine.Input && t.DType == engine.Float:
			c.rates(r.Floats(t.Name))
		case t.Role == engine.Input:
			c.numbers(o.Name, c.dims()[o.Below], r.Uints(t.Name))
		case t.Role == engine.Value:
			err = s.Write(p, t, c.values(o.Name, t.Shape))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c Case) fillResident(s engine.Session, t *engine.Tensor) error {
	if t.Name == "corrections" {
		return s.SetResident(t.Name, corrections())
	}
	if t.DType == engine.Float {
		return s.SetResident(t.Name, c.values(t.Name, t.Shape))
	}
	numbers, data := newSource(c, t.Name), make([]byte, t.Shape.Elements())
	for i := range data {
		data[i] = byte(numbers.bits(i, 0))
	}
	return s.SetResident(t.Name, data)
}

// outputs reads back what the op wrote.
func (c Case) outputs(s engine.Session, p *engine.Program) (map[string][]float64, error) {
	reports, err := s.Reports()
	if err != nil {
		return nil, err
	}
	if len(reports) != 1 {
		return nil, fmt.Errorf("optest: one step gave %d reports", len(reports))
	}
	out := map[string][]float64{}
	arenas := false
	for _, t := range p.Ops[0].Outputs {
		if t.Role == engine.Result {
			out[t.Name] = reports[0].Results[t.Name]
			c.eachByItself(out, t.Name)
			continue
		}
		arenas = arenas || t.Role == engine.State
		if out[t.Name], err = s.Read(p, t); err != nil {
			return nil, err
		}
		c.forgetClip(t, out[t.Name])
		c.eachByItself(out, t.Name)
	}
	for a := engine.Arena(0); arenas && a < engine.ArenaCount; a++ {
		data, err := s.ReadArena(a)
		if err != nil {
			return nil, err
		}
		if a == engine.Status {
			c.forgetClip(nil, data)
		}
		out["arena "+a.String()] = data
	}
	return out, nil
}

// eachByItself compares each of gradient_norm's numbers by itself, where the loss is scaled: they are of very different size.
func (c Case) eachByItself(out map[string][]float64, name string) {
	if c.Kind == engine.GradientNorm && c.Scaled {
		for i, v := range out[name] {
			out[fmt.Sprintf("%s[%d]", name, i)] = []float64{v}
		}
	}
}

// forgetClip drops the clip factor of a status in which the flag is up: it is read no more, and what
// became of a NaN in min() is a device's own affair. t is nil for the whole arena.
func (c Case) forgetClip(t *engine.Tensor, status []float64) {
	isStatus := t == nil || t.Role == engine.State && t.Arena == engine.Status
	if isStatus && c.Kind == engine.GradientNorm && status[engine.StatusNotFinite] != 0 {
		status[engine.StatusClip] = 0
	}
}
