package engine

import "fmt"

// segmentAlign is the multiple of elements at which segments start: 256 bytes of float32, the
// largest storage-buffer alignment that Vulkan allows a device to ask for.
const segmentAlign = 64

// Segment is a named part of the Model arena (and of its twins Gradient and EMA).
type Segment struct {
	Name    string // PyTorch's state_dict name
	Shape   Shape
	Trained bool // a parameter; else a statistic that forward computes
	NoDecay bool // a parameter that weight decay leaves alone
	Offset  int  // in elements
}

// Layout places a network's parameters and statistics in the arenas: parameters with weight decay, those without, statistics, each in the
// order given. So what the update treats alike lies together. Gaps between segments, left by alignment, are and stay zero in every arena.
type Layout struct {
	Segments   []Segment
	Decayed    int // elements of the parameters that decay, gaps included
	Parameters int // elements of all parameters, gaps included
	Elements   int // elements of the whole arena
	MomentSets int // values that the optimiser keeps per parameter: adamw 2, sgd 1
	byName     map[string]int
}

// NewLayout places the segments; their Offset is filled in. Names must be unique.
func NewLayout(segments []Segment, momentSets int) (*Layout, error) {
	l := &Layout{MomentSets: momentSets, byName: map[string]int{}}
	place := func(trained, decays bool) error {
		for _, s := range segments {
			if s.Trained != trained || trained && s.NoDecay == decays {
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
	if err := place(true, true); err != nil {
		return nil, err
	}
	l.Decayed = l.Elements
	if err := place(true, false); err != nil {
		return nil, err
	}
	l.Parameters = l.Elements
	return l, place(false, false)
}

// Segment finds a segment by name.
func (l *Layout) Segment(name string) (Segment, bool) {
	i, ok := l.byName[name]
	if !ok {
		return Segment{}, false
	}
	return l.Segments[i], true
}

// ArenaElements is the size of an arena.
func (l *Layout) ArenaElements(a Arena) int {
	switch a {
	case Moments:
		return l.MomentSets * l.Parameters
	case Status:
		return StatusElements
	default:
		return l.Elements
	}
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
		return l.Parameters, l.Elements - l.Parameters
	default:
		return 0, l.ArenaElements(a)
	}
}

func alignUp(n, to int) int { return (n + to - 1) / to * to }
