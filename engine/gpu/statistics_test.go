package gpu

import (
	"errors"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/vk"
	"cnnvk/vk/vktest"
)

// A program's statistics are those of each of its pipelines once; a device that gives none says so.
func TestStatistics(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	p, err := optest.Case{Kind: engine.PointwiseConv2dBackwardWeight, N: 8, C: 16, M: 16, H: 8, W: 8}.Program()
	must(t, err)
	s, err := e.NewSession(t.Context(), p.Layout, []*engine.Program{p}, engine.PlanOptions{})
	must(t, err)
	defer s.Close()
	all, err := Statistics(s, p)
	if !e.target.features.PipelineStatistics {
		if !errors.Is(err, vk.ErrUnsupported) {
			t.Errorf("without statistics: %v, %v", all, err)
		}
		t.Log("this device gives no statistics")
		return
	}
	must(t, err)
	if len(all) != 2 || all[0].Kernel != s.(*session).order[0].plan.dispatches[0].kernel.name || all[1].Kernel == all[0].Kernel {
		t.Errorf("%+v", all)
	}
	for _, k := range all {
		if len(k.Executables) == 0 || len(k.Executables[0].Statistics) == 0 {
			t.Errorf("of %s nothing", k.Kernel)
		}
	}
}

func TestOfRegisters(t *testing.T) {
	for name, want := range map[string][2]bool{
		"VGPRs": {true, false}, "Spilled SGPRs": {true, false}, "Scratch size": {true, false}, "LDS size": {true, false}, // RADV
		"Subgroups per SIMD": {true, true}, "Code size": {}, "Driver pipeline hash": {}, "Pre-Sched VGPRs": {}, "SALU": {},
		"Spill Count": {true, false}, "Fill Count": {true, false}, "Max live registers": {true, false}, "Workgroup Memory Size": {true, false}, // ANV
		"Non SSA regs after NIR": {}, "Cycle Count": {}, "Max dispatch width": {},
		"Registers used": {true, false}, "STP Count": {true, false}, "Max Waves Per Core": {true, true}, "NOPs Count": {}, // Turnip
		"Number of GPRs": {true, false}, "Max warps/SM": {true, true}, "GPRs": {true, false}, "Threads": {true, true}, // NVK, Honeykrisp
	} {
		if tells, fewer := OfRegisters(name); tells != want[0] || fewer != want[1] {
			t.Errorf("%s: %t, %t", name, tells, fewer)
		}
	}
}

func TestSpills(t *testing.T) {
	for _, name := range []string{"Spilled VGPRs", "Scratch size", "Spill Count", "Scratch Memory Size", "Spills to memory", "Spills", "STP Count"} {
		if !Spills(vk.Statistic{Name: name, Value: 1}) || Spills(vk.Statistic{Name: name}) {
			t.Errorf("%s of one is no spill, or of none is one", name)
		}
	}
	for _, name := range []string{"VGPRs", "Spills to reg", "Instruction Count", "Stack", "Registers used"} {
		if Spills(vk.Statistic{Name: name, Value: 1}) {
			t.Errorf("%s is no spill", name)
		}
	}
}
