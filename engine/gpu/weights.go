package gpu

import (
	"math/bits"
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// The weights that a program's kernels want in slivers of a tile's rows, or with a BatchNorm2d folded into them, are made so in one dispatch
// before all others: of those in an arena that no op writes before they are read. Any other has a dispatch of its own.

var (
	packWeights      = kernel{name: "pack_weights", storage: []vk.Access{in, in, out, out}, push: []string{"groups"}}
	packWeightsTexel = kernel{name: "pack_weights_texel", storage: packWeights.storage, texel: 1, push: packWeights.push}
)

// weightJob is a weight to be packed: rows x columns x taps, in slivers of so many rows, each of so many padded columns. With plain it keeps its
// order, as a matrix of one column.
type weightJob struct {
	rows, columns, taps int
	sliver, padded      int
	turned, plain       bool
	room                int          // values behind it
	rounded             engine.DType // to those of a type of 16 bits, if it is one
	fold                *affine
	spread              bool             // over an invocation for each tap and four rows
	sources             []*engine.Tensor // the weight; with fold gamma, beta, mean, var, and the bias if there is one
	packed, bias        operand
}

// weightJobs are the jobs of one dispatch.
type weightJobs struct {
	jobs   []weightJob
	packed *slab // what they make
	at     int   // the op of the first
}

// foldedOperands are the weight and the bias that a convolution has once BatchNorm2d is folded into it.
type foldedOperands struct{ weight, bias operand }

// packed is where a weight lies once it is packed, with what is folded into it.
func (c *call) packed(j weightJob) operand {
	pl := c.plan
	j.sources = []*engine.Tensor{c.in(1)}
	j.spread = pl.target.teams() && !j.plain
	if !j.plain {
		j.rounded = c.in(0).DType
	}
	if j.fold = c.affine; j.fold != nil {
		j.sources = append(j.sources, j.fold.norm.Inputs[1:5]...)
		if len(c.ops[0].Inputs) > 2 {
			j.sources = append(j.sources, c.in(2))
		}
	}
	shared := c.lieStill(j.sources)
	jobs := &weightJobs{at: c.at}
	if shared {
		if pl.weights[j.sources[0].Arena] == nil {
			pl.weights[j.sources[0].Arena] = jobs
		}
		jobs = pl.weights[j.sources[0].Arena]
	}
	if jobs.packed == nil {
		jobs.packed = c.scratch("packed weights", 0).slab
	}
	j.packed = jobs.take(j.values() + j.room)
	if j.fold != nil {
		j.bias = jobs.take(j.rows)
	}
	jobs.jobs = append(jobs.jobs, j)
	pl.folded[c.at] = foldedOperands{j.packed, j.bias}
	if !shared {
		c.packAll(jobs)
	}
	return j.packed
}

// values is how many a packed weight has.
func (j *weightJob) values() int {
	if j.plain {
		return j.rows * j.taps
	}
	return roundUp(j.rows, j.sliver) * j.padded * j.taps
}

// take is the next so many values of what is made.
func (w *weightJobs) take(values int) operand {
	o := operand{slab: w.packed, offset: alignUp(w.packed.bytes, windowAlign), bytes: int64(roundUp(values, 4)) * 4}
	w.packed.bytes = o.offset + o.bytes
	return o
}

// lieStill reports whether tensors are parts of one arena that no op writes before this one.
func (c *call) lieStill(ts []*engine.Tensor) bool {
	if _, _, ok := c.span(ts); !ok {
		return false
	}
	for _, op := range c.plan.program.Ops[:c.at] {
		for _, y := range op.Outputs {
			if slices.ContainsFunc(ts, func(t *engine.Tensor) bool { return overlap(t, y) }) {
				return false
			}
		}
	}
	return true
}

// packFirst packs all weights that lie still, before all other dispatches.
func (pl *plan) packFirst() {
	others := pl.dispatches
	pl.dispatches = nil
	for a := range engine.ArenaCount {
		if jobs := pl.weights[a]; jobs != nil {
			(&call{plan: pl, at: jobs.at}).packAll(jobs)
		}
	}
	pl.weights = [engine.ArenaCount]*weightJobs{}
	pl.dispatches = append(pl.dispatches, others...)
}

// packAll is the dispatch of jobs whose sources are one window.
func (c *call) packAll(w *weightJobs) {
	var sources []*engine.Tensor
	for _, j := range w.jobs {
		sources = append(sources, j.sources...)
	}
	window, at := c.together(sources...)
	if window.slab.home == arenas { // where gaps fill the last texel
		window.bytes = alignUp(window.size(), 16)
	}
	made := operand{slab: w.packed}
	k, operands := packWeights, []operand{window, made, made}
	if !c.plan.target.teams() && c.fitsTexels(int(window.size()/4)) && !c.plan.opt.NoTexels && !c.plan.opt.without("pack_weights_texel") {
		k, operands = packWeightsTexel, append(operands, window)
	}
	groups, records := w.records(at, k.texel > 0)
	c.runGroups(k.rounding(w.rounded()), spread(groups), nil, words(groups), append([]operand{c.plan.table(records)}, operands...)...)
}

// rounded is the type that weights are rounded to, Float where none is: a program has one.
func (w *weightJobs) rounded() engine.DType {
	for _, j := range w.jobs {
		if j.rounded.Half() {
			return j.rounded
		}
	}
	return engine.Float
}

// records is the table of shaders/pack_weights.comp, and for how many workgroups.
func (w *weightJobs) records(at []uint32, texels bool) (all int, table []uint32) {
	var groups, weights []uint32
	for _, j := range w.jobs {
		all += j.groups(texels)
	}
	for _, j := range w.jobs {
		first := all + len(weights)/4
		weights = append(weights, j.record(at[:len(j.sources)], texels)...)
		at = at[len(j.sources):]
		for g := range j.groups(texels) {
			sliver, column := j.place(g, texels)
			groups = append(groups, words(first, sliver, column, 0)...)
		}
	}
	return all, append(groups, weights...)
}

// across is how many workgroups it takes for a sliver.
func (j *weightJob) across(texels bool) int {
	columns := j.padded
	if j.spread {
		columns *= j.taps
	}
	return ceilDiv(columns, j.width(texels))
}

// groups is how many workgroups a job has, place where one of them begins: its sliver and its first column, or with plain its first
// row.
func (j *weightJob) groups(texels bool) int {
	if j.plain {
		return ceilDiv(j.rows, workgroup)
	}
	return ceilDiv(j.rows, j.sliver) * j.across(texels)
}

func (j *weightJob) place(group int, texels bool) (sliver, column int) {
	if j.plain {
		return group * workgroup, 0
	}
	across := j.across(texels)
	return group / across, group % across * j.width(texels)
}

// width is how many columns a workgroup takes.
func (j *weightJob) width(texels bool) int {
	width := workgroup / (j.sliver / 4)
	if j.byTexels(texels) {
		width *= 4
	}
	return width
}

// record is what the table says of a weight, its sources lying at those places.
func (j *weightJob) record(at []uint32, texels bool) []uint32 {
	var flags, shift uint32
	for i, set := range []bool{j.turned, j.fold != nil, len(j.sources) > 5, j.plain, j.byTexels(texels), j.spread, j.rounded.Half()} {
		flags |= flag(set) << i
	}
	if !j.plain {
		shift = uint32(bits.TrailingZeros(uint(j.sliver / 4)))
	}
	r := append(words(j.rows, j.columns, j.taps, j.padded), at[0], uint32(j.packed.offset/16), shift, flags)
	if j.fold == nil {
		return r
	}
	var b uint32
	if len(j.sources) > 5 {
		b = at[5]
	}
	return append(append(r, at[1:5]...), word(j.fold.norm.Attr.(engine.BatchNormAttr).Epsilon), b, uint32(j.bias.offset/4), 0)
}

// byTexels reports whether the job's weight is moved in squares of four rows and columns.
func (j *weightJob) byTexels(texels bool) bool {
	return texels && !j.plain && j.taps == 1 && j.rows%4 == 0 && j.columns%4 == 0 && j.padded%4 == 0
}
