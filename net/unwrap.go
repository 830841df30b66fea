package net

import (
	"cnnvk/internal/hints"
	"cnnvk/net/safetensors"
	"errors"
	"path/filepath"

	"fmt"
	"slices"
	"strings"
)

// averages is the counter that torch.optim.swa_utils.AveragedModel has beside the model under "module.".
const averages = "n_averaged"

// inside are the names that PyTorch gives to a module within another one that compiles, shards or repeats it, at any depth. A network's
// own modules are not called so; one may be called module, as DataParallel calls what it has.
var (
	inside       = []string{"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"}
	insideOrData = append([]string{"module"}, inside...)
)

// unwrap gives the tensors of a network the names that it has by itself. A network that was saved within others (DataParallel, a compiled
// or averaged model, a trainer's class) has its tensors under their names, "module." or "model._orig_mod.", all of them. The note says in
// one line what was taken away, "" for nothing. Tensors of no known network, whose names isMark knows, come back as they are.
func unwrap(tensors []safetensors.Tensor, isMark func(name string) bool) (out []safetensors.Tensor, note string, err error) {
	out, under, within, found := strip(tensors, isMark)
	if !found {
		return tensors, "", mixed(out, under, isMark)
	}
	var said []string
	if under != "" {
		said = append(said, "names stand under "+safetensors.Printable(under)+", stripped")
	}
	out, dropped := dropParts(out, inside)
	if within || dropped {
		said = append(said, "names of wrappers within names, stripped")
	}
	if out = withoutAverages(out); len(out) < len(tensors) {
		said = append(said, averages+", left out")
	}
	return out, strings.Join(said, "; "), nil
}

// deepest is how many wrappers are looked through.
const deepest = 16

// strip takes first parts away that all names have, until one is a known network's, so that a network may itself be called by any of
// them; under are those parts. Where some names have a wrapper within, that is taken away, too.
func strip(tensors []safetensors.Tensor, isMark func(name string) bool) (out []safetensors.Tensor, under string, within, found bool) {
	out = tensors
	for range deepest {
		if slices.ContainsFunc(out, func(t safetensors.Tensor) bool { return isMark(t.Name) }) {
			return out, under, within, true
		}
		if first, rest := splitFirst(out); first != "" {
			out, under = rest, under+first
			continue
		}
		inner, changed := dropParts(out, insideOrData)
		if !changed {
			break
		}
		out, within = inner, true
	}
	return out, under, within, false
}

// isMark says whether a known network has a tensor of that name.
func isMark(name string) bool {
	return slices.ContainsFunc(models, func(k modelKind) bool {
		return slices.ContainsFunc(k.marks, func(m mark) bool { return m.name == name })
	})
}

// splitFirst is the first part, with its dot, of all names but n_averaged, and what is left of the tensors; "" if they differ in it.
func splitFirst(tensors []safetensors.Tensor) (first string, rest []safetensors.Tensor) {
	for _, t := range withoutAverages(tensors) {
		part := firstPart(t.Name)
		if part == "" || first != "" && part != first {
			return "", nil
		}
		first = part
		t.Name = t.Name[len(part):]
		rest = append(rest, t)
	}
	return first, rest
}

// firstPart is a name up to its first dot, or "" where there is nothing before or behind it, or more than is a name.
func firstPart(name string) string {
	const longest = 64
	if at := strings.IndexByte(name, '.'); at > 0 && at < min(len(name)-1, longest) {
		return name[:at+1]
	}
	return ""
}

func isAverages(t safetensors.Tensor) bool { return t.Name == averages }

func withoutAverages(tensors []safetensors.Tensor) []safetensors.Tensor {
	return slices.DeleteFunc(slices.Clone(tensors), isAverages)
}

// dropParts drops parts of names, but for the first, which all names must have to lose it; and unless that would make two names one.
func dropParts(tensors []safetensors.Tensor, parts []string) (out []safetensors.Tensor, dropped bool) {
	seen := map[string]bool{}
	for _, t := range tensors {
		first := firstPart(t.Name)
		kept := slices.DeleteFunc(strings.Split(t.Name[len(first):], "."), func(part string) bool { return slices.Contains(parts, part) })
		name := first + strings.Join(kept, ".")
		if seen[name] {
			return tensors, false
		}
		seen[name] = true
		dropped = dropped || name != t.Name
		t.Name = name
		out = append(out, t)
	}
	return out, dropped
}

// mixture is the error about a file that has more than a network's tensors, which stand under a name of their own.
type mixture struct {
	network string // a network's name with its dot
	text    string
}

func (e *mixture) Error() string { return e.text }

// mixed tells a network under a name of its own, beside which there are other tensors. Where there is none, it is no error.
func mixed(tensors []safetensors.Tensor, under string, isMark func(name string) bool) error {
	groups, outside := map[string][]safetensors.Tensor{}, ""
	var order, networks []string
	for _, t := range tensors {
		part := firstPart(t.Name)
		if groups[part] == nil {
			order = append(order, part)
		}
		groups[part] = append(groups[part], t)
	}
	if len(order) < 2 {
		return nil
	}
	for _, part := range order {
		if _, _, _, found := strip(groups[part], isMark); found && part != "" {
			networks = append(networks, part)
		} else if outside == "" {
			outside = groups[part][0].Name
		}
	}
	switch {
	case len(networks) == 0:
		return nil
	case len(networks) > 1:
		return &mixture{under + networks[0], fmt.Sprintf("networks stand under %s and %s: a file of weights has one",
			safetensors.Printable(under+networks[0]), safetensors.Printable(under+networks[1]))}
	}
	return &mixture{under + networks[0], fmt.Sprintf("a network stands under %s, but %s does not: a file of weights has the network alone",
		safetensors.Printable(under+networks[0]), safetensors.Printable(under+outside))}
}

// orOneNetwork adds to the error of a file that has more or less than one network's tensors how to come to that one.
func orOneNetwork(err error, path string) error {
	m := (*mixture)(nil)
	switch more := errors.As(err, &m); {
	case more:
		return hints.With(err, safetensors.Extract(path, m.network))
	case safetensors.IsShard(path):
		return hints.With(err, safetensors.JoinShards(filepath.Dir(path)))
	}
	return err
}
