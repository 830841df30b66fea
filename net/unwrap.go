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

// unwrap takes the names of wrappers off the tensors' names. A network that was saved inside other modules (DataParallel, a compiled or
// averaged model, a trainer's class) has their names before its own: "module." or "model._orig_mod.". note says in one line what was taken
// off; "" for nothing. Where no known network is found, by the names that isMark knows, the tensors come back as they are.
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

// mixture is the error about a file with other tensors beside a network's, which all begin with one name.
type mixture struct {
	network string // a network's name with its dot
	text    string
}

func (e *mixture) Error() string { return e.text }

// mixed is the *mixture of a file in which a network is one of several things; nil where no network is found.
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

// deepest is the largest number of wrappers around a network.
const deepest = 16

// strip takes off the first part that all names share, again and again until a known network appears; under is what was taken off. It
// stops there, since a network's own module may have a wrapper's name. Wrappers in the middle of names are taken off, too: within.
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

// dropParts drops these parts from all names. First parts stay, and nothing is dropped where that would make two names equal.
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

// splitFirst takes the first part, with its dot, off all names but n_averaged; first is "" if the names differ in it.
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

func withoutAverages(tensors []safetensors.Tensor) []safetensors.Tensor {
	return slices.DeleteFunc(slices.Clone(tensors), isAverages)
}

func isAverages(t safetensors.Tensor) bool { return t.Name == averages }

// firstPart is a name up to and with its first dot; "" where nothing stands before or behind the dot, or too much before it.
func firstPart(name string) string {
	const longest = 64
	if at := strings.IndexByte(name, '.'); at > 0 && at < min(len(name)-1, longest) {
		return name[:at+1]
	}
	return ""
}

// orOneNetwork adds a hint to the error of a file with more or less than one network: the command that makes a file of one.
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
