package gpu

import (
	"maps"
	"slices"
	"strings"

	"cnnvk/engine"
)

// Known parts the choices that name a variant of their op from those that do not, "op: variant" each. Choices come from files, which
// another version or a person may have written. A plan passes over what it does not know, so that another kernel runs.
func (c Choices) Known() (known Choices, unknown []string) {
	known = maps.Clone(c)
	for _, key := range slices.Sorted(maps.Keys(c)) {
		kind, _, _ := strings.Cut(key, " ")
		of := []engine.Kind{engine.Kind(kind)}
		if !slices.ContainsFunc(variants, func(v variant) bool { return v.name == c[key] && slices.Equal(v.covers, of) }) {
			unknown = append(unknown, key+": "+c[key])
			delete(known, key)
		}
	}
	return known, unknown
}

// CannotRun lists the preferred variants that cannot run their ops of these programs on the device, "op: variant" each: the first
// variant that can runs instead.
func (e *Executor) CannotRun(programs []*engine.Program) []string {
	lines := map[string]bool{}
	for _, p := range programs {
		pl := blankPlan(p, planOptions{Options: e.options}, e.target)
		pl.opt.Choices = e.choices
		for at, op := range p.Ops {
			if key := opKey(op); e.choices[key] != "" && pl.preferred(at) == "" {
				lines[key+": "+e.choices[key]] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(lines))
}
