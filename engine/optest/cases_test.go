package optest_test

import (
	"slices"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/optest"
)

func TestCases(t *testing.T) {
	count, names := map[engine.Kind]int{}, map[string]bool{}
	for _, c := range slices.Concat(optest.Cases(), optest.HalfCases()) {
		count[c.Kind]++
		if names[c.String()] {
			t.Errorf("two cases are called %q", c)
		}
		names[c.String()] = true
		if c.Why == "" {
			t.Errorf("%v does not say what it is for", c)
		}
	}
	for _, k := range engine.Kinds() {
		if count[k] < 4 {
			t.Errorf("%s has %d cases, want four or more", k, count[k])
		}
	}
}

// TestReferenceRunsCases holds the reference against itself: every case runs, gives outputs, and gives them again.
func TestReferenceRunsCases(t *testing.T) {
	e := cpu.New()
	for _, c := range optest.Cases() {
		t.Run(c.String(), func(t *testing.T) {
			first, err := c.Run(e, engine.PlanOptions{})
			if err != nil {
				t.Fatal(err)
			}
			second, err := c.Run(e, engine.PlanOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(first) == 0 {
				t.Fatal("no outputs")
			}
			for name, want := range first {
				if nmse := optest.NMSE(second[name], want); nmse != 0 || len(want) == 0 {
					t.Errorf("%s: %d values, NMSE %g against the same case run again", name, len(want), nmse)
				}
			}
		})
	}
}
