package training

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"cnnvk/engine"
)

// Groups of parameters have factors of their own for the learning rate and the weight decay, as PyTorch's param_groups do. The first
// one whose pattern matches a parameter's name in the state_dict has it; the rest have neither factor.

// group is one of Recipe.Groups.
type group struct {
	pattern     string // of path.Match; a point is as good as any letter
	rate, decay float64
}

// groupsText is what a checkpoint says of the groups.
func groupsText(r Recipe) string { return strings.Join(r.Groups, "; ") }

// badGroup is the first group that cannot be read.
func (r Recipe) badGroup() string {
	i := slices.IndexFunc(r.Groups, func(text string) bool { _, ok := parseGroup(text); return !ok })
	if i < 0 {
		return ""
	}
	return r.Groups[i]
}

// updateGroup is what one op of the update goes over: a group of the layout.
type updateGroup struct {
	optimizer optimizer
	rate      float64 // factor of the learning rate
	decay     float64 // factor of the weight decay
}

// assign says of each parameter which group has it. A pattern that has none is most likely a slip: the error is a *RecipeError.
func (r Recipe) assign(segments []engine.Segment, model string) error {
	var patterns []string
	for _, text := range r.Groups {
		g, _ := parseGroup(text)
		patterns = append(patterns, g.pattern)
	}
	has := make([]bool, len(patterns))
	for i, s := range segments {
		at := slices.IndexFunc(patterns, func(pattern string) bool { return matches(pattern, s.Name) })
		if s.Trained && at >= 0 {
			segments[i].Group, has[at] = at+1, true
		}
		if r.Optimizer == Muon {
			segments[i].Group *= 2
			if isDense(s) {
				segments[i].Group++
			}
		}
	}
	if at := slices.Index(has, false); at >= 0 {
		return &RecipeError{"groups", r.Groups[at], fmt.Sprintf("a pattern that names parameters of %s which no group before it has, such as %s", model, example(segments))}
	}
	return nil
}

// example is the name of a parameter.
func example(segments []engine.Segment) string {
	i := slices.IndexFunc(segments, func(s engine.Segment) bool { return s.Trained })
	if i < 0 {
		return "*"
	}
	return segments[i].Name
}

// RateFactors are the factors of the learning rate by group, as a Step has them.
func (r Recipe) RateFactors() []float64 {
	groups, err := r.updateGroups()
	if err != nil {
		return nil // no program has such a recipe
	}
	var out []float64
	for _, g := range groups {
		out = append(out, g.rate)
	}
	return out
}

// updateGroups are the groups of a recipe's layout: the rest, then those that it names; with Muon each of them twice, first what another
// optimiser has.
func (r Recipe) updateGroups() ([]updateGroup, error) {
	opt, err := optimizerOf(r)
	if err != nil {
		return nil, err
	}
	factors := []group{{"", 1, 1}}
	for _, text := range r.Groups {
		g, _ := parseGroup(text)
		factors = append(factors, g)
	}
	var out []updateGroup
	for _, g := range factors {
		out = append(out, updateGroup{opt, g.rate, g.decay})
		if r.Optimizer == Muon {
			out = append(out, updateGroup{optimizer{kind: engine.Muon}, r.MuonRate / r.LearningRate * g.rate, g.decay})
		}
	}
	return out, nil
}

// parseGroup reads PATTERN:rate=FACTOR:decay=FACTOR, of which one factor may be left out.
func parseGroup(text string) (g group, ok bool) {
	words := strings.Split(text, ":")
	if len(words) < 2 || words[0] == "" {
		return g, false
	}
	g = group{words[0], 1, 1}
	if _, err := path.Match(g.pattern, ""); err != nil {
		return g, false
	}
	factors := map[string]*float64{"rate": &g.rate, "decay": &g.decay}
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		factor := factors[key]
		delete(factors, key) // once each
		if factor == nil {
			return g, false
		}
		var err error
		if *factor, err = strconv.ParseFloat(value, 64); err != nil || !finite(*factor) || *factor < 0 {
			return g, false
		}
	}
	return g, true
}
