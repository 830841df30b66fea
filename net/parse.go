package net

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"cnnvk/internal/hints"
)

// What a network's file may have at most: a text that is no network ends in a line and takes little memory.
const (
	maxSpecBytes   = 64 << 10
	maxSpecDepth   = 16
	maxSpecModules = 4096 // that it writes down, each use of an alias counted
)

// The keys of a file, and those that say what the modules behind them are.
const (
	keyName, keyWidths, keyLayers         = "name", "widths", "layers"
	keyResidual, keySequential, keyRepeat = "Residual", "Sequential", "repeat"
	keyShortcut, keyActivation            = "shortcut", "activation"
	wordIn, wordClasses                   = "in", "classes"
)

var (
	blockKeys = []string{keyResidual, keySequential, keyRepeat}
	specKeys  = []string{keyName, keyWidths, keyLayers}

	networkName   = regexp.MustCompile(`^[A-Za-z0-9][\w.-]{0,63}$`)
	moduleName    = regexp.MustCompile(`^\w{1,64}$`)
	widthName     = regexp.MustCompile(`^[A-Za-z_]\w{0,63}$`)
	shortcutNamed = regexp.MustCompile(`^shortcut\(\s*(\w{1,64})\s*\)$`)
)

// ParseSpec reads a network's file; other is its name where it has none. The error is a SpecError, or the YAML library's, in one line.
func ParseSpec(text []byte, other string) (*Spec, error) {
	root, err := specDocument(text)
	if err != nil {
		return nil, err
	}
	s, p := &Spec{Name: other}, &specParser{}
	seen := map[string]bool{}
	var layers *yaml.Node
	for key, value := range pairs(root) {
		if seen[key.Value] {
			return nil, specErrorf(key.Line, "", "the key %s is there twice", key.Value)
		}
		seen[key.Value] = true
		switch key.Value {
		case keyName:
			s.Name, err = nameIn(value)
		case keyWidths:
			s.widths, err = widthsIn(value)
		case keyLayers:
			layers = value
		default:
			err = orMeant(specErrorf(key.Line, "", "unknown key %s: a network has %s", quoted(key.Value), OneOf(specKeys)), key.Value, specKeys)
		}
		if err != nil {
			return nil, err
		}
	}
	if layers == nil {
		return nil, specErrorf(root.Line, "", "the key %s is missing", keyLayers)
	}
	if s.layers, err = p.module(layers, "", 0); err != nil {
		return nil, err
	}
	if s.layers.call != nil {
		return nil, specErrorf(layers.Line, "", "%s wants a list of layers, or layers by name", keyLayers)
	}
	return s, s.widthsAreUsed()
}

// specDocument is the mapping that a file has.
func specDocument(text []byte) (*yaml.Node, error) {
	switch {
	case len(text) > maxSpecBytes:
		return nil, specErrorf(0, "", "%d bytes, at most %d make a network", len(text), maxSpecBytes)
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return nil, specErrorf(0, "", "it is no text")
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, errors.New(hints.OneLine(err.Error()))
	}
	if len(document.Content) == 0 {
		return nil, specErrorf(0, "", "it is empty: a network has %s", keyLayers)
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, specErrorf(root.Line, "", "a network is written as keys and values: %s", strings.Join(specKeys, ", "))
	}
	return root, nil
}

func nameIn(value *yaml.Node) (string, error) {
	if value.Kind != yaml.ScalarNode || !networkName.MatchString(value.Value) {
		return "", specErrorf(value.Line, "", "%s %s: use letters, digits, points and dashes", keyName, quoted(value.Value))
	}
	return value.Value, nil
}

func widthsIn(value *yaml.Node) (out []width, err error) {
	if value.Kind != yaml.MappingNode {
		return nil, specErrorf(value.Line, "", "%s: use names with numbers, such as {stem: 24, body: 96}", keyWidths)
	}
	for key, value := range pairs(value) {
		w := width{name: key.Value, line: key.Line}
		switch {
		case !widthName.MatchString(w.name) || w.name == wordIn || w.name == wordClasses:
			return nil, specErrorf(key.Line, "", "a width cannot be called %s", quoted(w.name))
		case slices.ContainsFunc(out, func(o width) bool { return o.name == w.name }):
			return nil, specErrorf(key.Line, "", "the width %s is there twice", w.name)
		}
		if w.value, err = strconv.Atoi(value.Value); err != nil || value.Kind != yaml.ScalarNode || w.value < 1 || w.value > MaxWidth {
			return nil, specErrorf(key.Line, "", "width %s %s: use a number from 1 to %d", w.name, quoted(value.Value), MaxWidth)
		}
		out = append(out, w)
	}
	return out, nil
}

// specParser counts what it has read.
type specParser struct{ modules int }

// module reads what may stand for a layer. at is its name in the state_dict.
func (p *specParser) module(n *yaml.Node, at string, depth int) (*module, error) {
	n = resolved(n)
	p.modules++
	switch {
	case depth > maxSpecDepth:
		return nil, specErrorf(n.Line, "", "layers stand in more than %d others", maxSpecDepth)
	case p.modules > maxSpecModules:
		return nil, specErrorf(n.Line, "", "more than %d layers are written down", maxSpecModules)
	}
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return nil, specErrorf(n.Line, at, "there is no layer here")
		}
		c, err := parseCall(n.Value, n.Line, at)
		return &module{line: n.Line, call: c}, err
	case yaml.SequenceNode:
		return p.list(n, at, depth)
	}
	return p.block(n, at, depth)
}

// list reads a Sequential whose children are called 0, 1, ...
func (p *specParser) list(n *yaml.Node, at string, depth int) (*module, error) {
	m := &module{line: n.Line}
	place := 0
	for _, item := range rejoined(n) {
		c, err := p.item(item, below(at, strconv.Itoa(place)), depth)
		if err != nil {
			return nil, err
		}
		place += c.places()
		m.children = append(m.children, c)
	}
	return m, nil
}

// item reads what stands in a list, once or repeated.
func (p *specParser) item(n *yaml.Node, at string, depth int) (child, error) {
	c := child{listed: true, repeat: 1}
	repeat, layers, rest := splitRepeat(resolved(n))
	var err error
	if repeat == nil {
		c.module, err = p.module(n, at, depth+1)
		return c, err
	}
	if c.repeat, err = strconv.Atoi(repeat.Value); err != nil || repeat.Kind != yaml.ScalarNode || c.repeat < 1 || c.repeat > maxLayers {
		return c, specErrorf(repeat.Line, at, "%s %s: use a number from 1 to %d", keyRepeat, quoted(repeat.Value), maxLayers)
	}
	switch {
	case layers != nil && len(rest.Content) > 0:
		return c, specErrorf(rest.Content[0].Line, at, "%s stands beside %s and %s", rest.Content[0].Value, keyRepeat, keyLayers)
	case layers != nil:
		c.flat = resolved(layers).Kind == yaml.SequenceNode
		c.module, err = p.module(layers, at, depth+1)
	case len(rest.Content) == 0:
		return c, specErrorf(repeat.Line, at, "%s has no layer: add %s or %s", keyRepeat, keyLayers, keyResidual)
	default:
		c.module, err = p.module(rest, at, depth+1)
	}
	return c, err
}

// block reads layers by name; a Sequential or a Residual among them has its own beside theirs.
func (p *specParser) block(n *yaml.Node, at string, depth int) (*module, error) {
	if repeat, _, _ := splitRepeat(n); repeat != nil { // what is one module here is a Sequential
		c, err := p.item(n, below(at, "0"), depth)
		return &module{line: n.Line, children: []child{c}}, err
	}
	m := &module{line: n.Line}
	for _, pair := range rejoinedPairs(n) {
		key, value := pair[0], pair[1]
		c := child{name: key.Value, repeat: 1}
		var err error
		switch {
		case key.Value == keyResidual:
			c.name = ""
			c.module, err = p.residual(value, at, depth+1)
		case key.Value == keySequential:
			c.name = ""
			c.module, err = p.module(value, at, depth+1)
		default:
			if err = goodName(key, at, m); err == nil {
				c.module, err = p.module(value, below(at, c.name), depth+1)
			}
		}
		if err != nil {
			return nil, err
		}
		m.children = append(m.children, c)
	}
	return m, nil
}

// splitRepeat parts a mapping with the key repeat into its value, that of layers, and a mapping of what else it has. Without the key,
// repeat is nil.
func splitRepeat(n *yaml.Node) (repeat, layers, rest *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		return nil, nil, nil
	}
	others := *n
	others.Content = nil
	for _, pair := range rejoinedPairs(n) {
		key, value := pair[0], pair[1]
		switch {
		case key.Value == keyRepeat && repeat == nil:
			repeat = value
		case key.Value == keyLayers && layers == nil:
			layers = value
		default:
			others.Content = append(others.Content, key, value)
		}
	}
	return repeat, layers, &others
}

// goodName refuses a key that names no child of a module.
func goodName(key *yaml.Node, at string, m *module) error {
	name := key.Value
	switch {
	case slices.ContainsFunc(m.children, func(c child) bool { return c.name == name }):
		return specErrorf(key.Line, at, "the name %s is there twice", name)
	case name == keyShortcut || shortcutNamed.MatchString(name):
		return specErrorf(key.Line, at, "a %s stands in a %s alone", keyShortcut, keyResidual)
	case key.Kind != yaml.ScalarNode || !moduleName.MatchString(name):
		return specErrorf(key.Line, at, "a layer cannot be called %s: use letters, digits and underscores", quoted(name))
	}
	if like := hints.Near(name, blockKeys); like != "" && name[0] == like[0] && len(name) > 4 {
		return orMeant(specErrorf(key.Line, at, "a layer cannot be called %s", name), name, blockKeys)
	}
	return nil
}

// quoted is a part of a file in a message.
func quoted(text string) string {
	const most = 60
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return strconv.Quote(text)
}

// residual reads a Residual: its children are the main path, but for those that say what stands beside it and after the sum.
func (p *specParser) residual(n *yaml.Node, at string, depth int) (*module, error) {
	n = resolved(n)
	r := &residualSpec{shortcutName: keyShortcut}
	main := *n
	if n.Kind == yaml.MappingNode {
		main.Content = nil
		for _, pair := range rejoinedPairs(n) {
			key, value := pair[0], pair[1]
			named := shortcutNamed.FindStringSubmatch(key.Value)
			switch {
			case key.Value == keyActivation:
				if err := r.takeActivation(value, at); err != nil {
					return nil, err
				}
			case key.Value == keyShortcut || named != nil:
				if r.shortcut != nil {
					return nil, specErrorf(key.Line, at, "the %s is there twice", keyShortcut)
				}
				if named != nil {
					r.shortcutName = named[1]
				}
				var err error
				if r.shortcut, err = p.module(value, below(at, r.shortcutName), depth+1); err != nil {
					return nil, err
				}
				r.shortcutAt = len(main.Content) / 2
			default:
				main.Content = append(main.Content, key, value)
			}
		}
	}
	m, err := p.module(&main, at, depth)
	if err != nil {
		return nil, err
	}
	if len(m.children) == 0 {
		return nil, specErrorf(n.Line, at, "a %s wants layers beside its %s", keyResidual, keyShortcut)
	}
	m.residual = r
	return m, nil
}

// resolved is what an alias stands for.
func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// takeActivation reads what stands after the sum.
func (r *residualSpec) takeActivation(n *yaml.Node, at string) (err error) {
	switch {
	case r.activation != nil:
		return specErrorf(n.Line, at, "the %s is there twice", keyActivation)
	case n.Tag == "!!null" || n.Value == "none":
		return nil
	case n.Kind != yaml.ScalarNode:
		return specErrorf(n.Line, at, "%s: use %s, or none", keyActivation, OneOf(activationNames()))
	}
	if r.activation, err = parseCall(n.Value, n.Line, at); err == nil && !slices.Contains(activations, r.activation.kind) {
		return specErrorf(n.Line, at, "%s %s: use %s, or none", keyActivation, r.activation.kind.name, OneOf(activationNames()))
	}
	return err
}

// below is the name of a child in the state_dict.
func below(module, name string) string {
	if module == "" || name == "" {
		return module + name
	}
	return module + "." + name
}

// widthsAreUsed refuses a width that no layer has: to override it would do nothing.
func (s *Spec) widthsAreUsed() error {
	used := map[string]bool{}
	s.layers.eachCall(func(c *call) {
		for _, a := range c.args {
			for _, name := range namesIn(a.value) {
				used[name] = true
			}
		}
	})
	for _, w := range s.widths {
		if !used[w.name] {
			return specErrorf(w.line, "", "no layer has the width %s", w.name)
		}
	}
	return nil
}

// eachCall visits the layers in the order of the file.
func (m *module) eachCall(visit func(*call)) {
	if m.call != nil {
		visit(m.call)
	}
	for _, c := range m.children {
		c.eachCall(visit)
	}
	if m.residual != nil && m.residual.shortcut != nil {
		m.residual.shortcut.eachCall(visit)
	}
}
