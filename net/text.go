package net

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Text is the network in the one form that it has in weights files and in config.yaml: without comments, each layer in a line of its own,
// with the widths that it has now.
func (s *Spec) Text() string {
	root := mapping()
	put(root, keyName, word(s.Name))
	if len(s.widths) > 0 {
		widths := mapping()
		widths.Style = yaml.FlowStyle
		for _, w := range s.widths {
			put(widths, w.name, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(w.value)})
		}
		put(root, keyWidths, widths)
	}
	put(root, keyLayers, s.layers.node())
	var text strings.Builder
	e := yaml.NewEncoder(&text)
	e.SetIndent(2)
	if err := e.Encode(root); err != nil { // nodes of words and numbers are always written
		panic(err)
	}
	return text.String()
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"} }

// node is a module as its file has it.
func (m *module) node() *yaml.Node {
	switch {
	case m.call != nil:
		return word(m.call.String())
	case m.residual != nil:
		return m.residualNode()
	case m.isList():
		out := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for _, c := range m.children {
			out.Content = append(out.Content, c.item())
		}
		return out
	}
	out := mapping()
	for _, c := range m.children {
		put(out, c.key(), c.node())
	}
	return out
}

func (m *module) isList() bool { return len(m.children) == 0 || m.children[0].listed }

// key is what stands before a child by name, or before a block that has none.
func (c child) key() string {
	switch {
	case c.name != "":
		return c.name
	case c.residual != nil:
		return keyResidual
	}
	return keySequential
}

// item is a child of a list.
func (c child) item() *yaml.Node {
	if c.repeat == 1 && !c.flat {
		return c.node()
	}
	out := mapping()
	put(out, keyRepeat, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(c.repeat)})
	if of := c.node(); of.Kind == yaml.MappingNode {
		out.Content = append(out.Content, of.Content...)
	} else {
		put(out, keyLayers, of)
	}
	return out
}

// residualNode is a Residual's value.
func (m *module) residualNode() *yaml.Node {
	out, r := (&module{children: m.children}).node(), m.residual
	if r.shortcut != nil {
		key := keyShortcut
		if r.shortcutName != keyShortcut {
			key += "(" + r.shortcutName + ")"
		}
		out.Content = slices.Insert(out.Content, 2*r.shortcutAt, word(key), r.shortcut.node())
	}
	if r.activation != nil {
		put(out, keyActivation, word(r.activation.String()))
	}
	return out
}

func put(m *yaml.Node, key string, value *yaml.Node) {
	m.Content = append(m.Content, word(key), value)
}

func word(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}
