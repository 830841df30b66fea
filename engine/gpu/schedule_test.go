package gpu

import (
	"slices"
	"testing"

	"cnnvk/engine"
	"cnnvk/net"
	"cnnvk/net/training"
	"cnnvk/vk/vktest"
)

// size is how many dispatches and barriers a step has.
type size struct{ dispatches, barriers int }

// sizes are those of the built-in networks, training step and evaluation, on a device that can do all and on one that can do least.
var sizes = map[string]struct{ train, eval, floorTrain, floorEval size }{
	net.SmallCIFARNetName: {size{87, 70}, size{21, 21}, size{89, 71}, size{21, 21}},
	net.TinyNetName:       {size{35, 27}, size{14, 14}, size{44, 31}, size{17, 16}},
	net.ResNet9sName:      {size{104, 91}, size{16, 16}, size{161, 122}, size{34, 28}},
	"ds-resnet":           {size{149, 131}, size{21, 21}, size{153, 135}, size{25, 25}},
	"resnet20":            {size{205, 173}, size{27, 25}, size{358, 246}, size{75, 57}},
	"wrn-16-2":            {size{152, 127}, size{40, 31}, size{269, 188}, size{79, 57}},
	"mobilenetv2":         {size{503, 445}, size{58, 58}, size{503, 445}, size{69, 69}},
}

// No step of a built-in network has more dispatches or barriers than it had.
func TestSizes(t *testing.T) {
	for _, name := range net.ModelNames() {
		want, known := sizes[name]
		if !known {
			t.Errorf("no sizes of %s", name)
		}
		steps := networkBy(t, training.RecipeOf(name), 128)
		for i, most := range []size{want.train, want.eval, want.floorTrain, want.floorEval} {
			on := []target{nvidia, floorDevice()}[i/2]
			pl, err := newPlan(steps[i%2], planOptions{}, on)
			must(t, err)
			got := size{len(pl.dispatches), pl.barriers()}
			if got.dispatches > most.dispatches || got.barriers > most.barriers {
				t.Errorf("%s, %s: %+v, at most %+v", name, pl.program.Name, got, most)
			} else if got != most {
				t.Logf("%s, %s: %+v, allowed were %+v", name, pl.program.Name, got, most)
			}
		}
	}
}

// The recorder places as many barriers as the plan says, and so says the session.
func TestSizesAreRecorded(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	programs := network(t, net.SmallCIFARNetName, 4)
	s, err := e.NewSession(t.Context(), programs[0].Layout, programs, engine.PlanOptions{})
	must(t, err)
	defer s.Close()
	for i, p := range programs {
		dispatches, barriers, err := Size(s, p)
		must(t, err)
		if pl := s.(*session).order[i].plan; dispatches != len(pl.dispatches) || barriers != pl.barriers() {
			t.Errorf("%s: recorded %d dispatches and %d barriers, planned %d and %d", p.Name, dispatches, barriers, len(pl.dispatches), pl.barriers())
		}
	}
}

// In every schedule what touches the same memory, as it is placed, has a barrier between, and stands in the program's order.
func TestSchedule(t *testing.T) {
	for _, name := range []string{net.SmallCIFARNetName, net.ResNet9sName} {
		for _, p := range networkBy(t, training.RecipeOf(name), 12) {
			pl, err := newPlan(p, planOptions{}, anyDevice())
			must(t, err)
			for i, later := range pl.dispatches {
				for _, earlier := range pl.dispatches[:i] {
					if placed(earlier.touches(), later.touches()) && earlier.phase >= later.phase {
						t.Errorf("%s: %s and %s share memory in phase %d", p.Name, earlier.kernel.name, later.kernel.name, later.phase)
					}
				}
			}
			order := slices.IsSortedFunc(pl.dispatches, func(a, b dispatch) int { return a.phase - b.phase })
			if last := pl.dispatches[len(pl.dispatches)-1].phase; !order || last != pl.phases-1 || last < 10 {
				t.Errorf("%s: the last of %d phases is %d, in order %t", p.Name, pl.phases, last, order)
			}
		}
	}
}

// placed is conflict where slabs were placed.
func placed(earlier, later []touch) bool {
	at := func(t touch) touch {
		if t.slab.home == workspace { // as if it were one slab
			return touch{operand{slab: &whole, offset: t.slab.offset + t.offset, bytes: t.size()}, t.access}
		}
		return t
	}
	for _, a := range earlier {
		for _, b := range later {
			if conflict([]touch{at(a)}, []touch{at(b)}) {
				return true
			}
		}
	}
	return false
}

var whole = slab{home: workspace}
