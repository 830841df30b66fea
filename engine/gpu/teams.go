package gpu

import (
	"math/bits"

	"cnnvk/vk"
)

// How a sum of many values is shared out. A CPU driver does best with few invocations, each by itself: a barrier is dear there, and a piece more
// is memory traffic. A GPU, discrete or not, wants all its lanes busy, side by side in memory, and no long sum in one of them: there a sum is
// the work of a team of invocations (shaders/team.glsl).

const (
	// lanesWanted is how many invocations a kernel has on a GPU, if there is that much to do: what keeps the largest busy.
	lanesWanted = 1 << 16
	// muchToRead is how many bytes make it worth while to move single values where vec4s would be too few for that.
	muchToRead = 1 << 20
	// teamUsual is how large a team is where there are enough of them.
	teamUsual = 256
	// addedMost is how many values an invocation of a team adds at most, as far as there are pieces.
	addedMost = 128
)

// teams reports whether sums are the work of teams.
func (t target) teams() bool { return t.kind != vk.CPU }

// reduction is how sums over planes, one for each of some channels, are shared out: into s pieces of per planes, a channel of a piece to a team,
// across of it side by side along a plane in runs of run steps (shaders/plane_walk.glsl).
type reduction struct{ per, s, team, across, run int }

// reduction shares out n planes of so many steps, at each of which an invocation adds that many values. The kernel takes runs up to the longest.
func (c *call) reduction(n, channels, steps, values, longest int) reduction {
	if !c.plan.target.teams() {
		per, s := c.pieces(n, channels)
		return reduction{per, s, 1, 1, min(runOf(steps), longest)}
	}
	team := c.team(n, channels, steps)
	s := max(ceilDiv(lanesWanted, channels*team), ceilDiv(n*steps*values, team*addedMost))
	s = max(min(s, n, n*steps/team), 1)
	per := n / s
	r := reduction{per: per, s: ceilDiv(n, per), team: team, run: 1}
	for r.run < longest && steps%(2*r.run) == 0 && per*steps >= 2*r.run*team {
		r.run *= 2
	}
	r.across = steps / r.run
	for divisor := 1; r.across > team || steps/r.run%r.across != 0; divisor++ {
		r.across = steps / r.run / divisor
	}
	return r
}

// team is the size of the teams that share such planes: smaller where there is not that much to do, larger where even pieces of one plane
// are too few.
func (c *call) team(n, channels, steps int) int {
	l := c.plan.target.limits
	most := 1 << (bits.Len32(min(l.WorkgroupInvocations, l.WorkgroupSize[0])) - 1)
	team := min(teamUsual, most)
	for team > workgroup && n*steps < team {
		team /= 2
	}
	for 2*team <= min(most, steps) && n*channels*team < lanesWanted {
		team *= 2
	}
	return team
}

// reduce adds the dispatch of a kernel that walks over planes. TEAM and ACROSS are its last constants.
func (c *call) reduce(k kernel, r reduction, channels int, constants, push []uint32, operands ...operand) {
	c.runTeams(k, r.team, channels*r.s, append(constants, words(r.team, r.across)...), push, operands...)
}

// runTeams adds a dispatch of so many teams, each a workgroup; of invocations by themselves as run does.
func (c *call) runTeams(k kernel, team, count int, constants, push []uint32, operands ...operand) {
	if team == 1 {
		c.run(k, count, constants, push, operands...)
		return
	}
	c.runSized(k, team, spread(count), constants, push, operands...)
}

// runSums adds a dispatch for sums of so many terms each, which teams share where there are few sums. TEAM is the kernel's last constant.
func (c *call) runSums(k kernel, sums, terms int, constants, push []uint32, operands ...operand) {
	team := c.sharers(sums, terms)
	c.run(k, sums*team, append(constants, uint32(team)), push, operands...)
}

// sharers is the size of the teams for so many sums of so many terms, a part of a workgroup.
func (c *call) sharers(sums, terms int) int {
	team := 1
	if c.plan.target.teams() {
		for team < min(terms, workgroup) && (sums*team < lanesWanted || terms > team*addedMost/4) {
			team *= 2
		}
	}
	return team
}

// tooFew reports whether so many invocations, which read that many bytes, leave a GPU idle.
func (c *call) tooFew(invocations, bytes int) bool {
	return c.plan.target.teams() && bytes > muchToRead && invocations < lanesWanted
}

// chunkOf is the size of the chunks in which rows of so many values are moved, out of tensors of so many values of which it reads some.
func (c *call) chunkOf(row, values, reads int) int {
	if c.tooFew(values/4, reads*values*4) {
		return 1
	}
	return chunkOf(row)
}

// runOf is how many of so many neighbouring chunks one invocation moves: on a GPU one, so that invocations side by side move neighbours.
func (c *call) runOf(n int) int {
	if c.plan.target.teams() {
		return 1
	}
	return runOf(n)
}
