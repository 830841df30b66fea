package net

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// call is a layer in a line, as Conv2d(64, 3, stride=2) is.
type call struct {
	line int
	kind *layerKind
	args []argument // given ones, in the order of the kind's parameters
}

// argument is what a call gives to a parameter.
type argument struct {
	name, value string
}

// layerKind is a layer that a file can have.
type layerKind struct {
	name       string
	params     []string // as PyTorch calls them, in its order, without the channels that come in
	positional int      // how many of them may stand without their names
	ignored    []string // what PyTorch has for its own sake
	build      func(a *arguments, in shape) (layer, shape)
	images     bool // it wants rows and columns
	dropout    bool // its rate is multiplied by the recipe's factor
}

// shape is what a layer gets or gives, of one image.
type shape struct {
	c, h, w int
	flat    bool // features without rows and columns, after Flatten or Linear
}

func (s shape) String() string {
	if s.flat {
		return fmt.Sprintf("%d features", s.c)
	}
	return fmt.Sprintf("%d x %d x %d", s.c, s.h, s.w)
}

var callForm = regexp.MustCompile(`^\s*([A-Za-z_][\w.]*)\s*(?:\(([^()]*)\))?\s*$`)

// longestCall bounds what a message repeats of a file.
const longestCall = 200

// parseCall reads a layer that stands in a line.
func parseCall(text string, line int, at string) (*call, error) {
	if len(text) > longestCall {
		return nil, specErrorf(line, at, "a layer of %d letters, at most %d make one", len(text), longestCall)
	}
	found := callForm.FindStringSubmatch(text)
	if found == nil {
		return nil, specErrorf(line, at, "%q is no layer: use a form such as Conv2d(64, 3, stride=2)", text)
	}
	kind, err := kindNamed(found[1], line, at)
	if err != nil {
		return nil, err
	}
	c := &call{line: line, kind: kind}
	if strings.TrimSpace(found[2]) == "" {
		return c, nil
	}
	for word := range strings.SplitSeq(found[2], ",") {
		if err := c.take(strings.TrimSpace(word), at); err != nil {
			return nil, err
		}
	}
	c.inOrder()
	return c, nil
}

// inOrder sorts the arguments as the kind's parameters stand.
func (c *call) inOrder() {
	place := func(a argument) int { return slices.Index(c.kind.params, a.name) }
	slices.SortStableFunc(c.args, func(a, b argument) int { return place(a) - place(b) })
}

func kindNamed(name string, line int, at string) (*layerKind, error) {
	bare := strings.TrimPrefix(name, "nn.")
	var names []string
	for _, k := range layerKinds() {
		if k.name == name {
			return k, nil
		}
		names = append(names, k.name)
	}
	if slices.Contains(blockKeys, bare) {
		return nil, specErrorf(line, at, "%s stands as a key, with what it is made of behind it", bare)
	}
	return nil, orMeant(specErrorf(line, at, "there is no layer %s", name), bare, names)
}

// take gives a word between the parentheses its place.
func (c *call) take(word, at string) error {
	params := c.kind.params
	name, value, named := strings.Cut(word, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !named {
		if len(c.args) >= c.kind.positional {
			return specErrorf(c.line, at, "%s: %q is one value too many: it takes %s; the channels that come in are known", c.kind.name, word, c.kind.takes())
		}
		name, value = params[len(c.args)], word
	}
	switch {
	case slices.Contains(c.kind.ignored, name):
		return nil
	case !slices.Contains(params, name):
		return orMeant(specErrorf(c.line, at, "%s has no %q: it takes %s", c.kind.name, name, c.kind.takes()), name, params)
	case value == "":
		return specErrorf(c.line, at, "%s: %s has no value", c.kind.name, name)
	case slices.ContainsFunc(c.args, func(a argument) bool { return a.name == name }):
		return specErrorf(c.line, at, "%s: %s is given twice", c.kind.name, name)
	}
	if value == "true" || value == "false" {
		value = strings.ToUpper(value[:1]) + value[1:]
	}
	c.args = append(c.args, argument{name, strings.ReplaceAll(value, " ", "")})
	return nil
}

// takes lists a kind's parameters in words.
func (k *layerKind) takes() string {
	if len(k.params) == 0 {
		return "nothing in parentheses"
	}
	return strings.Join(k.params, ", ")
}

// String is the call in its one form.
func (c *call) String() string {
	var words []string
	for i, a := range c.args {
		if i < c.kind.positional && c.kind.params[i] == a.name && a.name != "stride" && a.name != "padding" {
			words = append(words, a.value)
		} else {
			words = append(words, a.name+"="+a.value)
		}
	}
	if len(words) == 0 {
		return c.kind.name
	}
	return c.kind.name + "(" + strings.Join(words, ", ") + ")"
}

// arguments are a call's values where the network's widths and what comes in are known. They keep the first error.
type arguments struct {
	call    *call
	names   map[string]int // widths, in, classes
	dropout float64        // factor of rates
	err     error
}

// count is a whole number from least to most. Where it is left out it is other, or, if that is below least, missing.
func (a *arguments) count(name string, other, least, most int) int {
	text := a.given(name)
	if text == "" {
		if other < least {
			a.failf("%s is missing", name)
			return least
		}
		return other
	}
	n, err := product(text, a.names)
	switch {
	case err != nil:
		a.failf("%s: %w", name, err)
		return least
	case n < least || n > most:
		a.failf("%s %s: use a number from %d to %d", name, text, least, most)
		return least
	}
	return n
}

// flag is true or false.
func (a *arguments) flag(name string, other bool) bool {
	switch text := a.given(name); text {
	case "":
		return other
	case "True":
		return true
	case "False":
		return false
	default:
		a.failf("%s %s: use True or False", name, text)
		return other
	}
}

// number is a decimal number.
func (a *arguments) number(name string, other float64) float64 {
	text := a.given(name)
	if text == "" {
		return other
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		a.failf("%s %s: use a number", name, text)
		return other
	}
	return v
}

// given is the text of an argument, "" if it is left out.
func (a *arguments) given(name string) string {
	for _, arg := range a.call.args {
		if arg.name == name {
			return arg.value
		}
	}
	return ""
}

// only demands one of a few values.
func (a *arguments) only(name string, value int, allowed ...int) {
	if !slices.Contains(allowed, value) {
		words := make([]string, len(allowed))
		for i, n := range allowed {
			words[i] = strconv.Itoa(n)
		}
		a.failf("%s %d: use %s", name, value, OneOf(words))
	}
}

func (a *arguments) failf(format string, args ...any) {
	if a.err == nil {
		a.err = fmt.Errorf("%s: %w", a.call.kind.name, fmt.Errorf(format, args...))
	}
}
