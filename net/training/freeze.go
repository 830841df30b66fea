package training

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"cnnvk/engine"
	"cnnvk/internal/hints"
)

// Frozen parameters are those whose names in the state_dict match a pattern of Recipe.Freeze. They are as PyTorch's with requires_grad=False:
// they have no gradient, so the norm does not count them, no weight decay and no moments. Their average is what they are. The running
// statistics of a BatchNorm go on, whether its parameters are frozen or not, as PyTorch's do in train mode.

// badPattern is the first pattern of Freeze that cannot be read. An empty one names nothing.
func (r Recipe) badPattern() string {
	i := slices.IndexFunc(r.Freeze, func(p string) bool { _, err := path.Match(p, ""); return err != nil })
	if i < 0 {
		return ""
	}
	return r.Freeze[i]
}

// freeze marks the parameters that are frozen. A pattern that names none is most likely a slip: the error is a *RecipeError.
func (r Recipe) freeze(segments []engine.Segment, model string) error {
	parameters := slices.DeleteFunc(slices.Clone(segments), func(s engine.Segment) bool { return !s.Trained })
	for _, pattern := range r.Freeze {
		if !slices.ContainsFunc(parameters, func(s engine.Segment) bool { return matches(pattern, s.Name) }) {
			err := &RecipeError{"freeze", pattern, fmt.Sprintf("a pattern that names parameters of %s: %s", model, names(parameters))}
			if all := pattern + ".*"; slices.ContainsFunc(parameters, func(s engine.Segment) bool { return matches(all, s.Name) }) {
				return hints.With(err, fmt.Sprintf("%q names all that are in it", all))
			}
			return err
		}
	}
	left := 0
	for i, s := range segments {
		if !s.Trained {
			continue
		}
		if slices.ContainsFunc(r.Freeze, func(pattern string) bool { return matches(pattern, s.Name) }) {
			segments[i].Trained, segments[i].Frozen = false, true
		} else {
			left++
		}
	}
	if left == 0 && len(r.Freeze) > 0 {
		return &RecipeError{"freeze", strings.Join(r.Freeze, " "), "patterns that leave a parameter to train: these freeze all " + fmt.Sprint(len(parameters))}
	}
	return nil
}

func matches(pattern, name string) bool {
	fits, _ := path.Match(pattern, name)
	return fits
}

// names lists as many parameters' names as fit into a line.
func names(parameters []engine.Segment) string {
	const longest = 300
	text := ""
	for i, s := range parameters {
		if len(text)+len(s.Name) > longest {
			return fmt.Sprintf("%s and %d more", text, len(parameters)-i)
		}
		if i > 0 {
			text += ", "
		}
		text += s.Name
	}
	return text
}
