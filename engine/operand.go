package engine

import "strconv"

// Operand is an input or an output of an op, as the op's row declares it.
type Operand struct {
	Name string
	// Shape lists the dimensions, outermost first, as in "N C H/2 W/2", each a number, a letter, or a product or quotient of
	// these. The same letter is the same size wherever it stands in the row: N images, K input and M output channels, H rows, W
	// columns. A name of two letters follows from the attributes. AnyShape is any, the same wherever it stands.
	Shape string
	DType DType
	// Role is who fills the operand in a training step. The op runs on tensors of any other role, too: in a test case parameters may
	// lie outside of the arenas.
	Role     Role
	Batched  bool // an activation
	Single   bool // an activation that is Float in every program
	Product  bool // a weight that is multiplied as rounded to the type of the activations
	Optional bool // may be left out; optional operands come last

	Below string // the dimension that every value of an integer Input must be below
	// check checks the values of an Input beyond Below.
	check func(values []uint32, a Attr, d Dims) error

	// Arena, Part and Segment say where a State operand lies. Segment is its name within the layer.
	Arena   Arena
	Part    Part
	Segment string
}

// varies says whether the operand has the type in which a program stores activations, where it is one.
func (o Operand) varies() bool { return (o.Batched || o.Shape == AnyShape) && !o.Single }

// AnyShape is the Shape of operands whose dimensions do not matter to the op.
const AnyShape = "..."

// operands are the inputs or the outputs of an op, in order. Their declarations below are the vocabulary of the op table.
type operands []Operand

// activation is what one layer hands to the next, or its gradient.
func activation(name, shape string) Operand {
	return Operand{Name: name, Shape: shape, Batched: true}
}

// single is an activation that is not stored in 16 bits.
func (o Operand) single() Operand {
	o.Single = true
	return o
}

// value is any other tensor that one op writes for another.
func value(name, shape string) Operand { return Operand{Name: name, Shape: shape} }

// result is what the host gets back.
func result(name string, elements int) Operand {
	return Operand{Name: name, Shape: strconv.Itoa(elements), Role: Result}
}

// resident is set once per session.
func resident(name string, d DType, shape string) Operand {
	return Operand{Name: name, Shape: shape, DType: d, Role: Resident}
}

// input comes with every step.
func input(name string, d DType, shape string) Operand {
	return Operand{Name: name, Shape: shape, DType: d, Role: Input}
}

// below bounds the integers of an input, which are indices below that dimension.
func (o Operand) below(dimension string) Operand {
	o.Below = dimension
	return o
}

// checked adds a check of an input's values.
func (o Operand) checked(check func(values []uint32, a Attr, d Dims) error) Operand {
	o.check = check
	return o
}

// optional is an operand that may be left out.
func (o Operand) optional() Operand {
	o.Optional = true
	return o
}

// segment is a parameter, or a statistic, of the layer.
func segment(name, shape string) Operand {
	return Operand{Name: name, Shape: shape, Role: State, Arena: Model, Segment: name}
}

// factor is the weight of a matrix product or a convolution over all channels. Mixed precision multiplies it as rounded, as PyTorch's autocast
// casts it.
func factor(name, shape string) Operand {
	o := segment(name, shape)
	o.Product = true
	return o
}

// gradientOf is the gradient of a parameter, or a statistic's next value: both lie in the Gradient arena, at that segment.
func gradientOf(name, segment, shape string) Operand {
	return Operand{Name: name, Shape: shape, Role: State, Arena: Gradient, Segment: segment}
}

// flat is a whole part of an arena.
func flat(name string, a Arena, p Part, shape string) Operand {
	return Operand{Name: name, Shape: shape, Role: State, Arena: a, Part: p}
}
