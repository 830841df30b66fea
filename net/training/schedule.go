package training

import "math"

// The schedules, as in Recipe.Schedule: what the learning rate does after the warm-up.
const (
	ScheduleCosine   = "cosine"   // falls along half a cosine to 0 at the end
	ScheduleStep     = "step"     // falls to a share of itself every so many epochs
	ScheduleLinear   = "linear"   // falls along a line to 0 at the end
	ScheduleConstant = "constant" // stays
	ScheduleOneCycle = "onecycle" // rises along half a cosine, and falls along another one to nearly 0
)

// Schedules lists the schedules.
var Schedules = []string{ScheduleCosine, ScheduleStep, ScheduleLinear, ScheduleConstant, ScheduleOneCycle}

// The shares of the highest rate at which one-cycle begins, and of that at which it ends: PyTorch's div_factor and final_div_factor.
// oneCycleWarmup is its pct_start, the share of the steps in which the rate rises.
const (
	oneCycleBegin  = 25
	oneCycleEnd    = 1e4
	oneCycleWarmup = 0.3
)

// Schedule is a learning rate that rises linearly at first, to go on from there as its kind says. Its unit of time is an epoch or an
// optimiser step.
type Schedule struct {
	Kind      string
	Base      float64 // the highest rate, reached at the end of the warm-up
	Warmup    float64 // 0: none; a share of all steps may end between two of them
	Total     int     // of the whole training
	Decay     int     // step: from one fall to the next
	DecayRate float64 // step: what each fall leaves
}

// RateAt is the learning rate of a step of an epoch of that many steps; both count from 0.
func (r Recipe) RateAt(epoch, step, steps int) float64 {
	if r.ratesByStep() {
		return r.stepRates(steps).Rate(epoch*steps + step)
	}
	return r.Rates().Rate(epoch)
}

// ratesByStep says whether the rate follows the steps, not the epochs.
func (r Recipe) ratesByStep() bool {
	return r.RateByStep || r.Schedule == ScheduleOneCycle || r.WarmupSteps > 0 || r.WarmupShare > 0
}

// Rate returns the rate of an epoch or step t, counted from 0. With warm-up W and T in all it is Base min(1, (t+1)/W) while t < W. From
// then on the kind counts from the end of the warm-up, as PyTorch's SequentialLR does; with s = t-W and S = T-W it is
//
//	cosine    Base (1 + cos(pi s/S))/2     CosineAnnealingLR(T_max=S)
//	linear    Base (1 - s/S)               LinearLR(start_factor=1, end_factor=0, total_iters=S)
//	step      Base DecayRate^floor(s/D)    StepLR(step_size=D, gamma=DecayRate), with D = Decay
//	constant  Base
//
// From T on, cosine and linear are 0, unless the warm-up takes all (S <= 0): then there is no fall. What is below 0 counts as 0.
//
// onecycle is PyTorch's OneCycleLR(max_lr=Base, total_steps=T, pct_start=W/T, cycle_momentum=False): along half a cosine from Base/25 to
// Base at W-1, and from there to Base/250,000 at T-1.
func (s Schedule) Rate(t int) float64 {
	t = max(t, 0)
	if s.Kind == ScheduleOneCycle {
		return s.oneCycle(float64(t))
	}
	if float64(t) < s.Warmup {
		return s.Base * min(1, float64(t+1)/s.Warmup)
	}
	warmup := max(s.Warmup, 0)
	done := 0.0
	if total := float64(s.Total); total > warmup {
		done = (min(float64(t), total) - warmup) / (total - warmup)
	}
	switch s.Kind {
	case ScheduleCosine:
		return s.Base * 0.5 * (1 + math.Cos(math.Pi*done))
	case ScheduleLinear:
		return s.Base * (1 - done)
	case ScheduleStep:
		return s.Base * math.Pow(s.DecayRate, math.Floor((float64(t)-warmup)/float64(s.Decay)))
	}
	return s.Base
}

// oneCycle is the rate of onecycle; after the end it stays.
func (s Schedule) oneCycle(t float64) float64 {
	begin, top, last := s.Base/oneCycleBegin, s.Warmup-1, float64(s.Total-1)
	switch {
	case t >= last:
		return begin / oneCycleEnd
	case t < top:
		return cosineBetween(begin, s.Base, t/top)
	}
	return cosineBetween(s.Base, begin/oneCycleEnd, (t-top)/(last-top))
}

// cosineBetween goes from one value to another along half a cosine, as done goes from 0 to 1.
func cosineBetween(from, to, done float64) float64 {
	return to + (from-to)/2*(math.Cos(math.Pi*done)+1)
}

// WarmupIn is the number of epochs that the warm-up takes, in epochs of that many steps.
func (r Recipe) WarmupIn(steps int) float64 {
	return r.stepRates(steps).Warmup / float64(steps)
}

// stepRates is the recipe's learning rate by optimiser step, in epochs of that many.
func (r Recipe) stepRates(steps int) Schedule {
	s := r.Rates()
	s.Warmup *= float64(steps)
	s.Total *= steps
	s.Decay *= steps
	switch {
	case r.WarmupSteps > 0:
		s.Warmup = float64(r.WarmupSteps)
	case r.WarmupShare > 0:
		s.Warmup = r.WarmupShare * float64(s.Total)
	}
	return s
}

// Rates is the recipe's learning rate by epoch.
func (r Recipe) Rates() Schedule {
	return Schedule{Kind: r.Schedule, Base: r.LearningRate, Warmup: float64(r.WarmupEpochs), Total: r.Epochs, Decay: r.DecayEpochs, DecayRate: r.DecayRate}
}
