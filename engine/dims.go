package engine

import (
	"maps"
	"strconv"
	"strings"
)

// Dims says what the letters of a row's shapes stand for.
type Dims map[string]int

// With adds the dimensions that follow from the attributes, which may be nil.
func (d Dims) With(a Attr) Dims {
	out := maps.Clone(d)
	if a != nil {
		a.extend(out)
	}
	return out
}

// Shape is an operand's shape with numbers in place of letters. An unknown letter is 0.
func (d Dims) Shape(shape string) Shape {
	var out Shape
	for _, term := range strings.Fields(shape) {
		out = append(out, int(d.product(term)))
	}
	return out
}

// product is the value of a term such as C*H*W or H/2.
func (d Dims) product(term string) int64 {
	out := int64(1)
	for _, factor := range strings.Split(term, "*") {
		dividend, divisor, divided := strings.Cut(factor, "/")
		n := d.number(dividend)
		if divided {
			n /= d.number(divisor)
		}
		out *= n
	}
	return out
}

func (d Dims) number(name string) int64 {
	if n, err := strconv.Atoi(name); err == nil {
		return int64(n)
	}
	return int64(d[name])
}

// bind notes the sizes of letters that are not known yet and stand alone in the shape.
func (d Dims) bind(shape string, sizes Shape) {
	for i, term := range strings.Fields(shape) {
		if _, known := d[term]; !known && len(term) == 1 && term[0] >= 'A' {
			d[term] = sizes[i]
		}
	}
}
