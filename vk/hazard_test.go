package vk

import "testing"

func TestHazards(t *testing.T) {
	a, b := &Buffer{label: "a"}, &Buffer{label: "b"}
	for _, c := range []struct {
		why     string
		earlier []touch
		next    []touch
		want    bool
	}{
		{"nothing came before", nil, []touch{{a.Window(0, 8), ReadWrite}}, false},
		{"read after read", []touch{{a.Window(0, 8), Read}}, []touch{{a.Window(0, 8), Read}}, false},
		{"read after write", []touch{{a.Window(0, 8), Write}}, []touch{{a.Window(0, 8), Read}}, true},
		{"write after read", []touch{{a.Window(0, 8), Read}}, []touch{{a.Window(0, 8), Write}}, true},
		{"write after write", []touch{{a.Window(0, 8), Write}}, []touch{{a.Window(0, 8), Write}}, true},
		{"both do both", []touch{{a.Window(0, 8), ReadWrite}}, []touch{{a.Window(0, 8), ReadWrite}}, true},
		{"another buffer", []touch{{a.Window(0, 8), Write}}, []touch{{b.Window(0, 8), Write}}, false},
		{"windows that meet", []touch{{a.Window(0, 8), Write}}, []touch{{a.Window(8, 8), Write}}, false},
		{"windows that meet, the other way round", []touch{{a.Window(8, 8), Write}}, []touch{{a.Window(0, 8), Write}}, false},
		{"one byte in common", []touch{{a.Window(0, 9), Write}}, []touch{{a.Window(8, 8), Read}}, true},
		{"inside", []touch{{a.Window(0, 64), Write}}, []touch{{a.Window(16, 4), Read}}, true},
		{"around", []touch{{a.Window(16, 4), Write}}, []touch{{a.Window(0, 64), Read}}, true},
		{"the last of several", []touch{{a.Window(0, 8), Read}, {b.Window(0, 8), Write}},
			[]touch{{a.Window(0, 8), Read}, {b.Window(32, 8), Write}, {b.Window(4, 1), Read}}, true},
		{"none of several", []touch{{a.Window(0, 8), Read}, {b.Window(0, 8), Write}},
			[]touch{{a.Window(0, 8), Read}, {b.Window(32, 8), Write}}, false},
	} {
		var h hazards
		h.add(c.earlier)
		if got := h.conflicts(c.next); got != c.want {
			t.Errorf("%s: conflict %t, expected %t", c.why, got, c.want)
		}
		h.clear()
		if h.conflicts(c.next) {
			t.Errorf("%s: still a conflict after a barrier", c.why)
		}
	}
}

// Accesses add up until there is a barrier: a conflict may be with any command since then.
func TestHazardsAddUp(t *testing.T) {
	a := &Buffer{}
	var h hazards
	h.add([]touch{{a.Window(0, 8), Write}})
	h.add([]touch{{a.Window(8, 8), Write}})
	if !h.conflicts([]touch{{a.Window(0, 4), Read}}) || !h.conflicts([]touch{{a.Window(12, 4), Read}}) {
		t.Error("a command was forgotten")
	}
}
