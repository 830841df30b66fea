package cpu

import "cnnvk/engine"

// scaleOf is the scale in a status among the operands of a loss, 1 where it has none.
func scaleOf(status []*tensor) float64 {
	if len(status) == 0 {
		return 1
	}
	return status[0].floats[engine.StatusLossScale]
}

// rescale decides on a step whose loss was scaled: whether the update is to be done, and the next step's scale.
//
//	overflow:  status[not finite] = 1, and it is one more of status[skipped];
//	           scale = max(1, scale/2), status[good steps] = 0, and status[stuck] counts overflows in a row at scale 1
//	otherwise: status[not finite] = 0, status[updates] = t + 1 with the bias corrections of that update,
//	           and the scale doubles after every LossScaleInterval updates in a row, up to LossScaleLargest
//
// norm says whether this step was skipped, its scale, and as not finite whether the training has diverged.
//
//	status (64), norm (4), corrections (T,2)
func rescale(status, norm, corrections *tensor, overflow bool) {
	s := status.floats
	scale := s[engine.StatusLossScale]
	norm.floats[engine.NormLossScale] = scale
	if !overflow {
		t := s[engine.StatusUpdates]
		copy(s[engine.StatusMomentScale:], corrections.row(min(int(t), corrections.Shape[0]-1)))
		s[engine.StatusNotFinite], s[engine.StatusUpdates], s[engine.StatusStuck] = 0, t+1, 0
		if s[engine.StatusGoodSteps]++; s[engine.StatusGoodSteps] >= engine.LossScaleInterval {
			s[engine.StatusGoodSteps] = 0
			s[engine.StatusLossScale] = min(2*scale, engine.LossScaleLargest)
		}
		return
	}
	s[engine.StatusNotFinite], s[engine.StatusGoodSteps] = 1, 0
	s[engine.StatusSkipped]++
	s[engine.StatusLossScale] = max(1, scale/2)
	if scale <= 1 {
		s[engine.StatusStuck]++
	} else {
		s[engine.StatusStuck] = 0
	}
	norm.floats[engine.NormSkipped] = 1
	if s[engine.StatusStuck] >= engine.LossScaleAttempts {
		norm.floats[engine.NormNotFinite] = 1
	}
}
