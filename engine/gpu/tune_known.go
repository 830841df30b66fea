package gpu

import (
	"math"
	"slices"
	"strings"

	"cnnvk/engine"
	"cnnvk/vk"
)

// hopeless is how much slower than the best a variant is that is not tried again on other sizes of the same op, where that best can run;
// hopelessForm, one whose like is not tried again on other ops.
const (
	hopeless     = 2
	hopelessForm = 5
)

// known is what a tuning learned of variants, on other sizes and on the one under way.
type known struct {
	slow    outclassed
	forms   outclassed        // the same of all ops, by what tells variants of an op from each other, where the difference is large
	trusted map[string]bool   // came to the plainest one's result
	losing  map[exchange]bool // hopeless beside the other way to take values from other lanes, in one and the same tile
}

// newKnown is what is known before: on a processor a barrier costs so much that nothing in shared memory comes near to texel buffers.
func newKnown(on vk.DeviceType) known {
	k := known{outclassed{}, outclassed{}, map[string]bool{}, map[exchange]bool{}}
	if on == vk.CPU {
		k.forms["_shared"] = []string{"_texel"}
	}
	return k
}

// outclassed are hopeless variants, each with those that it was no match for.
type outclassed map[string][]string

// note adds the variants of one measurement, the fastest first.
func (o outclassed) note(measured []Candidate) {
	for _, c := range measured {
		if c.Time > hopeless*measured[0].Time {
			o[c.Variant] = append(o[c.Variant], measured[0].Variant)
		}
	}
}

// noteExchanges finds out which way to take values from other lanes is hopeless on this device: one driver compiles a shuffle to one
// instruction and a broadcast to a loop, another does the reverse, in tiles of every size.
func (k known) noteExchanges(measured []Candidate) {
	for _, a := range measured {
		for _, b := range measured {
			ways := [2]tile{tileOf(a.Variant), tileOf(b.Variant)}
			if ways[0].exchangesLike(ways[1]) && a.Time > hopeless*b.Time && !k.losing[ways[1].kernel.subgroup] {
				k.losing[ways[0].kernel.subgroup] = true
			}
		}
	}
}

// exchangesLike reports whether two tiles differ in how lanes take values from one another, and in nothing else.
func (t tile) exchangesLike(o tile) bool {
	ways := [2]exchange{t.kernel.subgroup, o.kernel.subgroup}
	return ways[0] != ways[1] && !slices.Contains(ways[:], noExchange) && t.rows == o.rows && t.columns == o.columns && t.lanes == o.lanes
}

// exchangeSize is the size of the tile of a variant that takes values from other lanes; the largest number for one that does not.
func exchangeSize(name string) int {
	t := tileOf(name)
	if t.kernel.subgroup == noExchange {
		return math.MaxInt
	}
	return t.rows * t.columns
}

// skips says whether a variant need not be measured. The plainest one is left out where it is slow only if that is not needed to trust the
// one that is measured first: the others are held against that then.
func (k known) skips(j tuning, i int) bool {
	name := j.variants[i]
	slow := k.slow.among(name, j.variants) || k.forms.among(formOf(j.kind, name), j.forms())
	return i > 0 && (k.losing[tileOf(name).kernel.subgroup] || slow && (name != j.plainest || k.trusted[j.variants[0]]))
}

func (j tuning) forms() []string {
	var out []string
	for _, name := range j.variants {
		out = append(out, formOf(j.kind, name))
	}
	return out
}

// tileOf is the tile of the variant of that name; without a kernel where it has none.
func tileOf(name string) tile {
	if i := slices.IndexFunc(variants, func(v variant) bool { return v.name == name }); i >= 0 {
		return variants[i].tile
	}
	return tile{}
}

// noteForms is note for the variants of every op.
func (o outclassed) noteForms(kind engine.Kind, measured []Candidate) {
	for _, c := range measured {
		if c.Time > hopelessForm*measured[0].Time {
			o[formOf(kind, c.Variant)] = append(o[formOf(kind, c.Variant)], formOf(kind, measured[0].Variant))
		}
	}
}

// formOf is what a variant's name says behind the op: shared, shuffle_32x4.
func formOf(kind engine.Kind, variant string) string {
	return strings.TrimPrefix(variant, string(kind))
}

// among reports whether a variant is hopeless where these can run: one that lost to a variant that takes few sizes may be the best of the others.
func (o outclassed) among(name string, variants []string) bool {
	return slices.ContainsFunc(o[name], func(better string) bool { return slices.Contains(variants, better) })
}
