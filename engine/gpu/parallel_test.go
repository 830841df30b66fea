package gpu

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/net"
	"cnnvk/net/training"
	"cnnvk/vk"
)

// What a discrete GPU wants of a kernel that is no product: enough invocations for all its lanes where there is much to read, and no long sum in
// one of them.
const (
	muchRead         = 1 << 20
	leastInvocations = 65536
	mostAdded        = 256
)

// added says how many numbers one invocation adds in one sum, of every kernel that adds up values; of those that have their form in a texel buffer
// or of single floats, under the name without it.
var added = map[string]func(d numbers) int{
	"batch_norm2d_statistics":                numbers.pieceOfPlanes,
	"activation_norm_backward_reduce":        numbers.pieceOfPlanes,
	"norm_relu_dropout_backward_reduce":      numbers.pieceOfPlanes,
	"norm_activation_backward_reduce":        numbers.pieceOfPlanes,
	"conv2d_backward_bias":                   numbers.pieceOfPlanes,
	"input_covariance":                       numbers.pieceOfPlanes,
	"norm_relu_dropout_pool_backward_reduce": func(d numbers) int { return d.piece(d.of("H")*d.of("W")/16, 16) },
	"batch_norm2d_finish":                    func(d numbers) int { return d.team(ceilDiv(d.of("S"), d.lanes())) },
	"batch_norm2d_finish_covariance":         func(d numbers) int { return d.team(ceilDiv(d.of("S"), d.lanes())) },
	"batch_norm2d_backward_finish":           func(d numbers) int { return d.team(ceilDiv(d.of("S"), d.lanes())) },
	"gradient_norm":                          func(d numbers) int { return d.team(ceilDiv(d.of("run"), d.lanes()) * d.chunk()) },
	"gradient_norm_finish":                   func(d numbers) int { return d.team(ceilDiv(d.of("S"), d.lanes())) },
	"gradient_norm_scaled":                   func(d numbers) int { return d.team(ceilDiv(d.of("run"), d.lanes()) * d.chunk()) },
	"gradient_norm_finish_scaled":            func(d numbers) int { return d.team(ceilDiv(d.of("S"), d.lanes())) },
	"muon_scale":                             func(d numbers) int { return d.of("S") },
	"global_avg_pool":                        func(d numbers) int { return d.plane() },
	"channel_scale_backward_scale":           func(d numbers) int { return d.plane() },
	"linear_backward_bias":                   func(d numbers) int { return d.team(ceilDiv(d.of("N"), d.lanes())) },
	"cross_entropy":                          func(d numbers) int { return d.team(ceilDiv(d.of("M"), d.lanes())) },
	"cross_entropy_mixed":                    func(d numbers) int { return d.team(ceilDiv(d.of("M"), d.lanes())) },
	"cross_entropy_scaled":                   func(d numbers) int { return d.team(ceilDiv(d.of("M"), d.lanes())) },
	"cross_entropy_mixed_scaled":             func(d numbers) int { return d.team(ceilDiv(d.of("M"), d.lanes())) },
	"cross_entropy_metrics":                  func(d numbers) int { return d.team(ceilDiv(d.of("N"), d.lanes())) },
	"augment":                                func(d numbers) int { return ceilDiv(d.of("PIXELS"), int(d.constants[0])) },
	"augment_any":                            func(d numbers) int { return ceilDiv(d.of("PIXELS"), int(d.constants[0])) },
	"sum_partials":                           numbers.mostPieces,
	"depthwise_conv2d_backward_weight":       numbers.bands,
	"depthwise_conv2d_backward_weight_strip": func(d numbers) int { return d.images(d.of("HO"), d.of("WO")) },
}

// productsAndTheirTransforms are the kernels that this is not about: matrix products and convolutions, whose tiles are the subject of others.
var productsAndTheirTransforms = regexp.MustCompile("^(pointwise_conv2d|linear|conv2d|winograd|depthwise_conv2d|muon_gram|muon_product)")

// numbers are a dispatch's constants, by name.
type numbers struct {
	t *testing.T
	dispatch
	tables []uint32
}

func (d numbers) has(name string) bool {
	return slices.Contains(d.kernel.spec, name) || slices.Contains(d.kernel.push, name)
}

// of is the constant or push constant of that name.
func (d numbers) of(name string) int {
	if i := slices.Index(d.kernel.spec, name); i >= 0 {
		return int(d.constants[i+1])
	}
	if i := slices.Index(d.kernel.push, name); i >= 0 {
		return int(d.push[i])
	}
	d.t.Fatalf("%s has no %s", d.kernel.name, name)
	return 0
}

func (d numbers) chunk() int {
	if strings.HasSuffix(d.kernel.name, "_any") {
		return 1
	}
	return 4
}

// lanes is how many invocations share a sum.
func (d numbers) lanes() int {
	if !d.has("TEAM") {
		return 1
	}
	return d.of("TEAM")
}

// team is the sum of so many by an invocation, and of what the team's then add up.
func (d numbers) team(own int) int {
	n := d.lanes()
	return own + ceilDiv(n, 16) - 1 + min(n, 16) - 1
}

// piece is a sum over the planes of a piece, each of so many steps of an invocation.
func (d numbers) piece(steps, each int) int {
	return d.team(ceilDiv(d.of("per"), d.lanes()/d.of("ACROSS")) * ceilDiv(steps, d.of("ACROSS")) * each)
}

func (d numbers) pieceOfPlanes() int { return d.piece(d.of("PLANE"), d.chunk()) }

func (d numbers) plane() int { return d.team(ceilDiv(d.of("PLANE"), d.lanes()) * d.chunk()) }

// images is a sum over the images of a piece, of which a team shares out the units, each of so many values.
func (d numbers) images(units, each int) int {
	images := ceilDiv(d.of("N"), d.of("splits"))
	return d.team(ceilDiv(images*units, d.lanes()) * each)
}

// bands is the sum of depthwise_conv2d_backward_weight.
func (d numbers) bands() int {
	width, columns := d.of("W")/4, d.of("COLS")
	if d.lanes() == 1 {
		return d.images(1, d.of("H")*columns*4)
	}
	return d.images(width/columns*d.of("H")/d.of("BAND"), d.of("BAND")*columns*4)
}

// mostPieces is the longest sum of sum_partials, as its records say.
func (d numbers) mostPieces() int {
	most, first := 0, int(d.storage[0].slab.offset)/4
	for group := range d.of("groups") {
		most = max(most, int(d.tables[first+4*group+3]>>7))
	}
	return d.team(ceilDiv(most, d.lanes()))
}

func (d numbers) invocations() int {
	return int(d.groups[0]) * int(d.groups[1]) * int(d.groups[2]) * int(d.constants[0])
}

// read is the bytes that a dispatch reads: of a resident tensor the bytes of the batch, which become floats.
func (d numbers) read() (bytes int64) {
	var resident bool
	var written int64
	for i, o := range d.storage {
		if o.slab.home == residents {
			resident = true
		} else if d.kernel.storage[i]&vk.Read != 0 {
			bytes += o.moved()
		}
		if d.kernel.storage[i]&vk.Write != 0 {
			written += o.moved()
		}
	}
	for _, o := range d.texel {
		bytes += o.moved()
	}
	if resident {
		bytes += written / 4
	}
	return bytes
}

// TestParallel holds what every kernel of the built-in networks' steps at batch 128 that is no product leaves to one invocation, on a discrete GPU.
func TestParallel(t *testing.T) {
	var programs []*engine.Program
	for _, name := range net.ModelNames() {
		r := training.RecipeOf(name)
		programs = append(programs, networkBy(t, r, 128)...)
		r.AMP, r.AMPType = true, training.Float16
		programs = append(programs, networkBy(t, r, 128)...)
	}
	programs = append(programs, residualNetworks(t, 128)...)
	programs = append(programs, otherLayers(t, 128)...)
	seen := map[string]bool{}
	for _, on := range []target{nvidia, floorDevice()} {
		for _, p := range programs {
			pl, err := newPlan(p, planOptions{}, on)
			must(t, err)
			for _, x := range pl.dispatches {
				d := numbers{t, x, pl.tables}
				name := strings.TrimSuffix(strings.TrimSuffix(d.kernel.name, "_any"), "_texel")
				sum, reduces := 0, added[name] != nil
				if reduces {
					sum = added[name](d)
				} else if productsAndTheirTransforms.MatchString(name) {
					continue
				}
				line := fmt.Sprintf("%s %s: %d invocations read %d KB, each adds %d", d.kernel.name, p.Ops[d.op].Inputs[0].Shape, d.invocations(), d.read()>>10, sum)
				if seen[line] {
					continue
				}
				seen[line] = true
				idle := on.limits.WorkgroupInvocations >= 256 && d.read() > muchRead && d.invocations() < leastInvocations
				if sum > mostAdded || idle {
					t.Errorf("%s: %s", p.Name, line)
				} else if reduces && testing.Verbose() {
					t.Logf("%s: %s", p.Name, line)
				}
			}
		}
	}
}
