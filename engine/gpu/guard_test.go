package gpu

import (
	"encoding/binary"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/vk/vktest"
)

// TestGuards runs a whole step on shapes where nothing divides and looks whether any kernel wrote behind its tensors.
func TestGuards(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	for _, d := range []engine.DType{engine.Float, engine.BFloat16} {
		t.Run(d.String(), func(t *testing.T) { holdGuards(t, e, d) })
	}
}

// holdGuards is TestGuards with activations of that type.
func holdGuards(t *testing.T, e *Executor, d engine.DType) {
	p, load, err := optest.MixedSampleStep(d, 5, 12, []int{6, 10, 10, 7})
	must(t, err)
	opened, err := e.NewSession(t.Context(), p.Layout, []*engine.Program{p}, engine.PlanOptions{KeepAll: true})
	must(t, err)
	defer opened.Close()
	inputs, err := load(opened)
	must(t, err)
	must(t, opened.Run(p, inputs))
	_, err = opened.Reports()
	must(t, err)

	s := opened.(*session)
	memory := make([]byte, s.workspace.Size())
	must(t, e.device.Read(memory, s.workspace.Window(0, s.workspace.Size())))
	guards := 0
	for _, slab := range s.programs[p].plan.workspaceSlabs() {
		for at := slab.offset + slab.bytes; at < slab.offset+alignUp(slab.bytes, windowAlign)+guardBytes; at += 4 {
			if word := binary.LittleEndian.Uint32(memory[at:]); word != 0x7fc07fc0 {
				t.Fatalf("%s: something wrote %#x, %d bytes behind its end", slab.name, word, at-slab.offset-slab.bytes)
			}
			guards++
		}
	}
	t.Logf("%d guard words untouched", guards)
}
