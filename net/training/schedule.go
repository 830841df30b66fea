package training

import "math"

// The schedules, as in Recipe.Schedule: what the learning rate does after the warm-up.
const (
	ScheduleCosine   = "cosine"   // falls along half a cosine to 0 at the end
	ScheduleStep     = "step"     // falls to a share of itself every so many epochs
	ScheduleLinear   = "linear"   // falls along a line to 0 at the end
	ScheduleConstant = "constant" // stays
)

// Schedules lists the schedules.
var Schedules = []string{ScheduleCosine, ScheduleStep, ScheduleLinear, ScheduleConstant}

// Schedule is a learning rate that rises linearly over the first epochs, to go on from there as its kind says. It is
// stepped once per epoch.
type Schedule struct {
	Kind         string
	Base         float64 // the highest rate, reached in the last epoch of the warm-up
	WarmupEpochs int     // 0: none
	Epochs       int     // of the whole training
	DecayEpochs  int     // step: from one fall to the next
	DecayRate    float64 // step: what each fall leaves
}

// Rate returns the rate of an epoch, counted from 0. With warm-up W and E epochs it is Base (e+1)/W while e < W. From then
// on the kind counts epochs from the end of the warm-up, as PyTorch's SequentialLR does; with t = e-W and T = E-W it is
//
//	cosine    Base (1 + cos(pi t/T))/2     CosineAnnealingLR(T_max=T)
//	linear    Base (1 - t/T)               LinearLR(start_factor=1, end_factor=0, total_iters=T)
//	step      Base DecayRate^floor(t/D)    StepLR(step_size=D, gamma=DecayRate), with D = DecayEpochs
//	constant  Base
//
// From epoch E on, cosine and linear are 0, unless the warm-up takes all epochs (T <= 0): then there is no fall. Epochs below
// 0 count as 0.
func (s Schedule) Rate(epoch int) float64 {
	epoch = max(epoch, 0)
	if epoch < s.WarmupEpochs {
		return s.Base * (float64(epoch+1) / float64(s.WarmupEpochs))
	}
	warmup := max(s.WarmupEpochs, 0)
	done := 0.0
	if s.Epochs > warmup {
		done = float64(min(epoch, s.Epochs)-warmup) / float64(s.Epochs-warmup)
	}
	switch s.Kind {
	case ScheduleCosine:
		return s.Base * 0.5 * (1 + math.Cos(math.Pi*done))
	case ScheduleLinear:
		return s.Base * (1 - done)
	case ScheduleStep:
		return s.Base * math.Pow(s.DecayRate, float64((epoch-warmup)/s.DecayEpochs))
	}
	return s.Base
}
