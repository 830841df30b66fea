package net

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext/prng"
)

// torchGenerator draws the numbers that PyTorch's default CPU generator draws after
// torch.manual_seed(seed), so that a model built in the same order starts from the same bits.
type torchGenerator struct {
	source *prng.MT19937
}

// newTorchGenerator starts the generator as torch.manual_seed does.
func newTorchGenerator(seed uint32) *torchGenerator {
	source := prng.NewMT19937()
	source.Seed(uint64(seed))
	return &torchGenerator{source}
}

// kaimingUniform overwrites dst with PyTorch's default initialisation of Conv2d and Linear, for
// weights and biases alike: U(-b, b) with b = 1/sqrt(fanIn), fanIn being the inputs of one output
// (a Linear's columns; a convolution's input channels per group times its kernel's area). PyTorch
// reaches the weights' b as sqrt(3) sqrt(2/(1+5)) / sqrt(fanIn), which rounds to the same float32.
// A layer's weight is drawn before its bias. The error is for fanIn below 1; no draw is then taken.
func (g *torchGenerator) kaimingUniform(dst []float32, fanIn int) error {
	if fanIn < 1 {
		return fmt.Errorf("net: initialisation with fan-in %d, must be at least 1", fanIn)
	}
	g.uniform(dst, float32(1/math.Sqrt(float64(fanIn))))
	return nil
}

// uniform overwrites dst with values of U(-bound, bound), as Tensor.uniform_ does: a draw's low 24
// bits make u in [0, 1), and the value is u*2*bound - bound with a single rounding to float32.
// It takes one draw a value. bound must be finite.
func (g *torchGenerator) uniform(dst []float32, bound float32) {
	for i := range dst {
		u := float32(g.source.Uint32()&(1<<24-1)) / (1 << 24)
		// The product is exact in float64 (24 + 24 bits), so this is PyTorch's fused multiply-add.
		dst[i] = float32(float64(u)*float64(2*bound) - float64(bound))
	}
}
