package engine

import "fmt"

// segmentAlign is the multiple of elements at which segments start: 256 bytes of float32, the
// largest storage-buffer alignment that Vulkan allows a device to ask for.
const segmentAlign = 64

// Segment is a named part of the Model arena (and of its twins Gradient and EMA).
type Segment struct {
	Name    string // PyTorch's state_dict name
	Shape   Shape
	Trained bool // a parameter; else a statistic that forward computes, or frozen
	Frozen  bool // a parameter that stays as it is: no gradient, no update, no average
	NoDecay bool // a parameter that weight decay leaves alone
	Group   int  // of a parameter: which of the layout's groups
	Offset  int  // in elements
}

// Group is a run of parameters that one optimiser updates at one rate.
type Group struct {
	Offset       int // in elements of Model, Gradient and EMA
	Elements     int // gaps included
	Undecayed    int // how many of the last of them are free of weight decay
	MomentSets   int // how many values per parameter the optimiser keeps: adamw 2, sgd 1
	MomentOffset int // in Moments, where the group has MomentSets times Elements: a set after the other
}

// Layout places a network's parameters and statistics in the arenas, each in the order given: group after group, of each the parameters
// that decay, then those that do not, and behind all statistics, then the frozen parameters. So what the update treats alike lies together.
// The gaps that alignment leaves are zero in every arena and stay so.
type Layout struct {
	Segments   []Segment
	Groups     []Group
	Parameters int // elements of all trained parameters, gaps included
	Updated    int // elements of those and of the statistics, gaps included: what a step changes
	Elements   int // elements of the whole arena
	moments    int // elements of Moments
	byName     map[string]int
}

// NewLayout places the segments; their Offset is filled in. There is a group for each number of moments. Names must be unique.
func NewLayout(segments []Segment, momentSets ...int) (*Layout, error) {
	l := &Layout{byName: map[string]int{}}
	for _, s := range segments {
		if s.Trained && s.Frozen {
			return nil, fmt.Errorf("engine: segment %q is both trained and frozen", s.Name)
		}
		if s.Trained && (s.Group < 0 || s.Group >= len(momentSets)) {
			return nil, fmt.Errorf("engine: segment %q is of group %d, but there are %d", s.Name, s.Group, len(momentSets))
		}
	}
	for i, sets := range momentSets {
		of := func(noDecay bool) func(Segment) bool {
			return func(s Segment) bool { return s.Trained && s.Group == i && s.NoDecay == noDecay }
		}
		g := Group{Offset: l.Elements, MomentSets: sets, MomentOffset: l.moments}
		if err := l.place(segments, of(false)); err != nil {
			return nil, err
		}
		decayed := l.Elements
		if err := l.place(segments, of(true)); err != nil {
			return nil, err
		}
		g.Elements, g.Undecayed = l.Elements-g.Offset, l.Elements-decayed
		l.moments += sets * g.Elements
		l.Groups = append(l.Groups, g)
	}
	l.Parameters = l.Elements
	if err := l.place(segments, func(s Segment) bool { return !s.Trained && !s.Frozen }); err != nil {
		return nil, err
	}
	l.Updated = l.Elements
	return l, l.place(segments, func(s Segment) bool { return s.Frozen })
}

// place puts those of the segments that are wanted behind what there is.
func (l *Layout) place(segments []Segment, wanted func(Segment) bool) error {
	for _, s := range segments {
		if !wanted(s) {
			continue
		}
		if _, twice := l.byName[s.Name]; twice {
			return fmt.Errorf("engine: segment %q is declared twice", s.Name)
		}
		s.Offset = l.Elements
		l.byName[s.Name] = len(l.Segments)
		l.Segments = append(l.Segments, s)
		l.Elements += alignUp(s.Shape.Elements(), segmentAlign)
	}
	return nil
}

// MomentOffset is where a parameter's values of that set lie in Moments.
func (l *Layout) MomentOffset(s Segment, set int) int {
	g := l.Groups[s.Group]
	return g.MomentOffset + set*g.Elements + s.Offset - g.Offset
}

// Segment finds a segment by name.
func (l *Layout) Segment(name string) (Segment, bool) {
	i, ok := l.byName[name]
	if !ok {
		return Segment{}, false
	}
	return l.Segments[i], true
}

// Part is a part of an arena that an op processes as a whole.
type Part uint8

const (
	OneSegment    Part = iota // none of those below
	AllParameters             // of Model, Gradient or EMA
	AllStatistics             // of Model, Gradient or EMA
	WholeArena
)

// Part is the offset of a part of an arena and its number of elements. For OneSegment see [Layout.Segment].
func (l *Layout) Part(a Arena, p Part) (offset, elements int) {
	switch p {
	case AllParameters:
		return 0, l.Parameters
	case AllStatistics:
		return l.Parameters, l.Updated - l.Parameters
	default:
		return 0, l.ArenaElements(a)
	}
}

// ArenaElements is the size of an arena.
func (l *Layout) ArenaElements(a Arena) int {
	switch a {
	case Moments:
		return l.moments
	case Status:
		return StatusElements
	default:
		return l.Elements
	}
}

func alignUp(n, to int) int { return (n + to - 1) / to * to }
