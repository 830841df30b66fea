package training

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/net"
)

func TestParseGroup(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want group
		ok   bool
	}{
		{"classifier.*:rate=0.1:decay=0", group{"classifier.*", 0.1, 0}, true},
		{"*:decay=2", group{"*", 1, 2}, true},
		{"conv[1-3].weight:rate=0", group{"conv[1-3].weight", 0, 1}, true},
		{text: ""}, {text: "classifier.*"}, {text: ":rate=1"}, {text: "classifier.*:"}, {text: "classifier.*:0.1"}, {text: "classifier.*:rate"}, {text: "classifier.*:rate="},
		{text: "classifier.*:rate=x"}, {text: "classifier.*:rate=-1"}, {text: "classifier.*:rate=NaN"}, {text: "classifier.*:rate=Inf"}, {text: "classifier.*:lr=1"},
		{text: "classifier.*:rate=1:rate=2"}, {text: "fc[:rate=1"},
	} {
		got, ok := parseGroup(c.text)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%q: %+v, %t", c.text, got, ok)
		}
	}
}

// Without gradients weight decay alone moves the parameters: by each group's factors of rate and decay.
func TestGroupFactors(t *testing.T) {
	t.Parallel()
	m, err := net.NewModel(net.SmallCIFARNetName, narrow, 0, net.CIFAR100)
	if err != nil {
		t.Fatal(err)
	}
	for _, optimizer := range MuonRests {
		r := DefaultRecipe()
		r.UseOptimizer(optimizer)
		r.WeightDecay, r.NoDecay1D, r.Momentum = 0.5, true, 0
		r.Groups = []string{"*.depthwise.*:rate=3", "*.bn.weight:decay=7", "*:rate=2:decay=0.5", "classifier.*:rate=9"}
		if _, err := Layout(m, r); !errors.As(err, new(*RecipeError)) || !strings.Contains(err.Error(), `groups "classifier.*:rate=9"`) {
			t.Errorf("a group behind one that has everything: %v", err)
		}
		r.Groups = r.Groups[:3]
		before, after, l := updated(t, m, r)
		for _, s := range l.Segments {
			want := 1.0
			switch {
			case !s.Trained || len(s.Shape) == 1:
			case strings.Contains(s.Name, ".depthwise."):
				want = 1 - 3*0.1*0.5
			default:
				want = 1 - 2*0.1*0.5*0.5
			}
			for i := range s.Shape.Elements() {
				if got := after[s.Offset+i]; math.Abs(got-want*before[s.Offset+i]) > 1e-12 {
					t.Fatalf("%s: %s became %v of %v, want %v", optimizer, s.Name, got, before[s.Offset+i], want)
				}
			}
		}
	}
}

// A group of everything with factors of 1 is none: the training comes to the same bits. So does each group of a rate that is another one's
// at half the factor and twice the rate.
func TestGroupsTrain(t *testing.T) {
	t.Parallel()
	bySegment := func(change func(*Recipe)) map[string][]float64 {
		tr := someTrainer(t, func(r *Recipe) {
			r.UseOptimizer(Nesterov)
			r.ClipNorm = 0 // the norm's sum has another order with groups
			change(r)
		})
		run, err := trainOn(t, t.Context(), tr, nil)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string][]float64{}
		for _, s := range tr.run.layout.Segments {
			out[s.Name] = run.arenas[0][s.Offset:][:s.Shape.Elements()]
		}
		return out
	}
	want := bySegment(func(r *Recipe) {})
	for _, c := range []struct {
		groups []string
		rate   float64
		same   bool
	}{
		{[]string{"*:rate=1:decay=1"}, 1e-3, true},
		{[]string{"classifier.*:rate=1", "features.[12].*:decay=1"}, 1e-3, true},
		{[]string{"*:rate=0.5"}, 2e-3, true},
		{[]string{"classifier.*:rate=0.5"}, 1e-3, false},
		{[]string{"*.depthwise.*:decay=0"}, 1e-3, false},
	} {
		got := bySegment(func(r *Recipe) { r.Groups, r.LearningRate = c.groups, c.rate })
		same := true
		for name, values := range want {
			same = same && slices.Equal(got[name], values)
		}
		if same != c.same {
			t.Errorf("%q at rate %g: the same as without is %t", c.groups, c.rate, same)
		}
	}
}

// A checkpoint goes on with its own groups alone.
func TestGroupsOfCheckpoint(t *testing.T) {
	t.Parallel()
	with := func(groups ...string) *Trainer { return someTrainer(t, func(r *Recipe) { r.Groups = groups }) }
	tr := with("classifier.*:rate=0.5")
	if _, err := trainOn(t, t.Context(), tr, nil); err != nil {
		t.Fatal(err)
	}
	c, err := tr.Checkpoint(nil)
	if err != nil {
		t.Fatal(err)
	}
	c = onDisk(t, c)
	for _, other := range []*Trainer{with(), with("classifier.*:rate=2")} {
		if err := other.Open(t.Context(), cpu.New()); err != nil {
			t.Fatal(err)
		}
		if err := other.Restore(c); err == nil || !strings.Contains(err.Error(), "[classifier.*:rate=0.5]") {
			t.Errorf("%q goes on from it: %v", other.Recipe.Groups, err)
		}
	}
	same := with("classifier.*:rate=0.5")
	if err := same.Open(t.Context(), cpu.New()); err != nil {
		t.Fatal(err)
	}
	if err := same.Restore(c); err != nil {
		t.Error(err)
	}
	var sizes []int
	for _, g := range same.run.layout.Groups {
		sizes = append(sizes, g.Elements)
	}
	if parameters := same.run.layout.Parameters; len(sizes) != 2 || sizes[0]+sizes[1] != parameters || engine.MomentSets(engine.AdamW)*parameters != same.run.layout.ArenaElements(engine.Moments) {
		t.Errorf("groups of %d of %d parameters", sizes, parameters)
	}
}
