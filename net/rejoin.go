package net

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// In [Conv2d(24, 3), ReLU] and in {conv: Conv2d(24, 3)} YAML takes the comma between the parentheses for its own. What it has parted is
// joined here.

// rejoined are the items of a list.
func rejoined(n *yaml.Node) []*yaml.Node {
	if n.Style&yaml.FlowStyle == 0 {
		return n.Content
	}
	var out []*yaml.Node
	for _, item := range n.Content {
		if last := len(out) - 1; last >= 0 && isOpen(out[last]) && isWord(item) {
			out[last] = joined(out[last], item)
			continue
		}
		out = append(out, item)
	}
	return out
}

// rejoinedPairs are the keys and values of a mapping.
func rejoinedPairs(n *yaml.Node) (out [][2]*yaml.Node) {
	for key, value := range pairs(n) {
		if last := len(out) - 1; n.Style&yaml.FlowStyle != 0 && last >= 0 && isOpen(out[last][1]) && isWord(key) && value.Tag == "!!null" {
			out[last][1] = joined(out[last][1], key)
			continue
		}
		out = append(out, [2]*yaml.Node{key, value})
	}
	return out
}

// isOpen says whether a word has a parenthesis that it does not close.
func isOpen(n *yaml.Node) bool {
	return isWord(n) && len(n.Value) <= longestCall && strings.Count(n.Value, "(") > strings.Count(n.Value, ")")
}

// isWord says whether a node is a word without quotation marks.
func isWord(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
}

func joined(a, b *yaml.Node) *yaml.Node {
	out := *a
	out.Tag, out.Value = "!!str", a.Value+", "+b.Value
	return &out
}

// pairs visits the keys and values of a mapping; a key that is no word is one that nothing knows.
func pairs(mapping *yaml.Node) func(yield func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		for i := 0; i+1 < len(mapping.Content); i += 2 {
			if !yield(mapping.Content[i], mapping.Content[i+1]) {
				return
			}
		}
	}
}
