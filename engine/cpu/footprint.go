package cpu

import "cnnvk/engine"

// Footprint is the memory in bytes that a session of these programs takes once all have run: every program keeps every tensor.
// Nothing is allocated.
func (*Executor) Footprint(layout *engine.Layout, programs []*engine.Program) int64 {
	var sum int64
	for a := range engine.ArenaCount {
		sum += 8 * int64(layout.ArenaElements(a))
	}
	residents := map[string]bool{}
	for _, p := range programs {
		for _, t := range p.Tensors {
			switch {
			case t.Role == engine.State || t.Role == engine.Resident && residents[t.Name]:
				continue
			case t.Role == engine.Resident:
				residents[t.Name] = true
			}
			sum += int64(t.Shape.Elements()) * elementBytes(t.DType)
		}
	}
	return sum
}

func elementBytes(d engine.DType) int64 {
	switch d {
	case engine.Float, engine.Float16, engine.BFloat16:
		return 8
	case engine.Uint32:
		return 4
	}
	return 1
}
