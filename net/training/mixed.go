package training

import (
	"math"

	"cnnvk/engine"
	"cnnvk/net"
)

// Mixed precision, as in Recipe.AMP: a training step stores activations and their gradients in 16 bits. All else is float32, the
// weights among it, so that an evaluation takes these as it takes others; the validation after an epoch does so, too. With float16 the
// loss is scaled, see engine.LossScaleInitial.

// The types of mixed precision, as in Recipe.AMPType.
const (
	Float16  = "float16"
	BFloat16 = "bfloat16"
)

// AMPTypes lists the types of mixed precision.
var AMPTypes = []string{Float16, BFloat16}

// residentCorrections is the table of AdamW's bias corrections, where the loss is scaled.
const residentCorrections = "corrections"

// Stored is what a training step stores activations as.
func (r Recipe) Stored() engine.DType {
	if !r.AMP {
		return engine.Float
	}
	return StoredAs(r.AMPType)
}

// StoredAs is the type of mixed precision of that name.
func StoredAs(name string) engine.DType {
	if name == BFloat16 {
		return engine.BFloat16
	}
	return engine.Float16
}

// scalesLoss says whether the loss is scaled.
func (r Recipe) scalesLoss() bool { return r.Stored() == engine.Float16 }

// initialScale is the loss scale that a training begins with.
func (r Recipe) initialScale() float64 {
	if r.AMPScale == 0 {
		return engine.LossScaleInitial
	}
	return r.AMPScale
}

// settleAMP leaves no trace of a type or a scale that is no longer used. What never was of use stays, for Check to tell.
func (r *Recipe) settleAMP(before Recipe) {
	switch {
	case r.AMP && r.AMPType == "":
		r.AMPType = Float16
	case before.AMP && !r.AMP:
		r.AMPType = ""
	}
	if before.scalesLoss() && !r.scalesLoss() {
		r.AMPScale = 0
	}
}

// goodScale says whether a loss scale can be halved and doubled without rounding.
func goodScale(v float64) bool {
	fraction, exponent := math.Frexp(v)
	return v == 0 || fraction == 0.5 && exponent >= 1 && v <= engine.LossScaleLargest
}

// SetResidents hands the images to a session, and what a training step by that recipe has beside them.
func SetResidents(s engine.Session, d net.Data, r Recipe) error {
	if err := net.SetResidents(s, d); err != nil || !r.scalesLoss() {
		return err
	}
	var table []float32
	for _, row := range engine.Corrections(adamBeta1, adamBeta2) {
		table = append(table, row[:]...)
	}
	return s.SetResident(residentCorrections, table)
}

func correctionsOf(b *engine.Builder) *engine.Tensor {
	return b.Resident(residentCorrections, engine.Float, len(engine.Corrections(adamBeta1, adamBeta2)), 2)
}

// Status is the Status arena from which a training by the recipe begins.
func (r Recipe) Status() []float64 {
	out := make([]float64, engine.StatusElements)
	if r.scalesLoss() {
		out[engine.StatusLossScale] = r.initialScale()
	}
	return out
}
