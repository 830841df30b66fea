package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
)

// segments is a network in miniature; a statistic stands between its parameters.
func segments() []engine.Segment {
	return []engine.Segment{
		{Name: "conv.weight", Shape: engine.Shape{5, 3, 1, 1}, Trained: true},
		{Name: "bn.running_mean", Shape: engine.Shape{5}},
		{Name: "bn.weight", Shape: engine.Shape{64}, Trained: true},
		{Name: "bn.running_var", Shape: engine.Shape{5}},
		{Name: "fc.weight", Shape: engine.Shape{13, 5}, Trained: true},
	}
}

func TestLayout(t *testing.T) {
	l, err := engine.NewLayout(segments(), 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		offset int
	}{
		{"conv.weight", 0}, {"bn.weight", 64}, {"fc.weight", 128}, {"bn.running_mean", 256}, {"bn.running_var", 320},
	} {
		s, ok := l.Segment(row.name)
		if !ok || s.Offset != row.offset {
			t.Errorf("%s starts at %d (found: %v), want %d", row.name, s.Offset, ok, row.offset)
		}
	}
	if l.Parameters != 256 || l.Elements != 384 {
		t.Errorf("%d parameters of %d elements, want 256 of 384", l.Parameters, l.Elements)
	}
	for a, want := range map[engine.Arena]int{engine.Model: 384, engine.Gradient: 384, engine.EMA: 384, engine.Moments: 512, engine.Status: 64} {
		if got := l.ArenaElements(a); got != want {
			t.Errorf("the %v arena has %d elements, want %d", a, got, want)
		}
	}
	if _, ok := l.Segment("fc.bias"); ok {
		t.Error("a segment was found that is not there")
	}
}

// What is frozen lies behind all that a step changes, and has no moments.
func TestLayoutFrozen(t *testing.T) {
	list := segments()
	list[0].Trained, list[0].Frozen = false, true
	l, err := engine.NewLayout(list, 2)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range l.Segments {
		got = append(got, fmt.Sprint(s.Name, " ", s.Offset))
	}
	if want := "bn.weight 0, fc.weight 64, bn.running_mean 192, bn.running_var 256, conv.weight 320"; strings.Join(got, ", ") != want {
		t.Errorf("%v, want %s", got, want)
	}
	if offset, n := l.Part(engine.Model, engine.AllStatistics); l.Parameters != 192 || l.Updated != 320 || l.Elements != 384 || offset != 192 || n != 128 || l.ArenaElements(engine.Moments) != 384 {
		t.Errorf("%+v, statistics at %d, %d", l, offset, n)
	}
	list[0].Trained = true
	if _, err := engine.NewLayout(list, 2); err == nil {
		t.Error("a segment is trained and frozen")
	}
}

// Parameters that weight decay leaves alone lie behind the others; statistics have no part in that.
func TestLayoutNoDecay(t *testing.T) {
	list := segments()
	list[1].NoDecay, list[2].NoDecay = true, true
	l, err := engine.NewLayout(list, 1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range l.Segments {
		got = append(got, fmt.Sprint(s.Name, " ", s.Offset))
	}
	const want = "conv.weight 0, fc.weight 64, bn.weight 192, bn.running_mean 256, bn.running_var 320"
	if text := strings.Join(got, ", "); text != want || l.Groups[0].Undecayed != 64 || l.Parameters != 256 || l.Elements != 384 {
		t.Errorf("%s; %+v of %d parameters", text, l.Groups, l.Parameters)
	}
}

// A group's parameters lie together, and so do their moments, of which each group has its own number.
func TestLayoutGroups(t *testing.T) {
	list := segments()
	list[0].Group, list[2].NoDecay = 2, true
	l, err := engine.NewLayout(list, 2, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range l.Segments {
		got = append(got, fmt.Sprint(s.Name, " ", s.Offset))
		if s.Trained {
			got = append(got, fmt.Sprint(l.MomentOffset(s, l.Groups[s.Group].MomentSets-1)))
		}
	}
	const want = "fc.weight 0, 192, bn.weight 128, 320, conv.weight 192, 384, bn.running_mean 256, bn.running_var 320"
	groups := []engine.Group{{0, 192, 64, 2, 0}, {192, 0, 0, 2, 384}, {192, 64, 0, 1, 384}}
	if text := strings.Join(got, ", "); text != want || !slices.Equal(l.Groups, groups) || l.ArenaElements(engine.Moments) != 448 {
		t.Errorf("%s; %+v, moments %d", text, l.Groups, l.ArenaElements(engine.Moments))
	}
	list[0].Group = 3
	if _, err := engine.NewLayout(list, 2, 2, 1); err == nil || !strings.Contains(err.Error(), `"conv.weight" is of group 3, but there are 3`) {
		t.Errorf("a group that is not there: %v", err)
	}
}

func TestLayoutRefusesTwins(t *testing.T) {
	for _, trained := range []bool{true, false} {
		_, err := engine.NewLayout(append(segments(), engine.Segment{Name: "bn.weight", Shape: engine.Shape{1}, Trained: trained}), 1)
		if err == nil || !strings.Contains(err.Error(), `"bn.weight" is declared twice`) {
			t.Errorf("error is %v, want one about bn.weight", err)
		}
	}
}

func TestShape(t *testing.T) {
	s := engine.Shape{32, 64, 16, 16}
	if s.String() != "(32, 64, 16, 16)" || s.Elements() != 32*64*16*16 || (engine.Shape{}).Elements() != 1 {
		t.Errorf("%v has %d elements", s, s.Elements())
	}
	for _, other := range []engine.Shape{{32, 64, 16}, {32, 64, 16, 17}, nil} {
		if s.Equal(other) || other.Equal(s) {
			t.Errorf("%v equals %v", s, other)
		}
	}
}
