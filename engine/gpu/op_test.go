package gpu_test

import (
	"fmt"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/gpu"
	"cnnvk/engine/optest"
	"cnnvk/vk/vktest"
)

// maxNMSE is how far a float32 kernel may be from the float64 reference: sums of some thousand terms, each rounded to 24 bits.
const maxNMSE = 1e-10

// TestOps holds every op case, in every layout, against the reference.
func TestOps(t *testing.T) {
	e := gpu.New(vktest.Device(t))
	defer e.Close()
	for _, c := range optest.Cases() {
		t.Run(c.String(), func(t *testing.T) {
			compare(t, e, c, engine.PlanOptions{})
			for i, panels := range optest.PanelChoices(c) {
				t.Run(fmt.Sprint("panels ", i), func(t *testing.T) {
					compare(t, e, c, engine.PlanOptions{PanelImages: panels})
				})
			}
		})
	}
}

func compare(t *testing.T, e engine.Executor, c optest.Case, opt engine.PlanOptions) {
	t.Helper()
	want, err := c.Run(cpu.New(), engine.PlanOptions{})
	if err != nil {
		t.Fatal("reference: ", err)
	}
	got, err := c.Run(e, opt)
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if e := optest.NMSE(got[name], want[name]); !(e <= maxNMSE) {
			t.Errorf("%s: NMSE %.2g, allowed %.2g", name, e, maxNMSE)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d outputs, want %d", len(got), len(want))
	}
}
