package cpu

import (
	"math"
	"slices"

	"cnnvk/engine"
)

// crossEntropy is PyTorch's CrossEntropyLoss with label smoothing s over M classes. With
// target[n,m] = (1-s) [m = label[n]] + s/M and p = softmax(logits):
//
//	loss[n] = -Σ_m target[n,m] log p[n,m]
//	metrics = Σ_n loss[n], and how many labels are among the 1 and the 5 largest logits of their row
//	dlogits = scale (p - target) / N, the gradient of the mean loss; scale is 1 without a status
//
//	logits, dlogits (N,M,1,1), labels (N), metrics (4), see engine.MetricLoss; status (64)
func crossEntropy(attr engine.CrossEntropyAttr, metrics, dlogits, logits, labels *tensor, status ...*tensor) {
	crossEntropyOf(attr, metrics, dlogits, logits, scaleOf(status), func(n int) engine.Target {
		label := int(labels.uints[n])
		return engine.Target{Label: label, Other: label, Share: 1}
	})
}

// crossEntropyMixed is crossEntropy where an image has two labels: with the first one's share t
//
//	target[n,m] = (1-s) (t [m = label[n]] + (1-t) [m = other[n]]) + s/M
//
// so the loss is t times that of the label and 1-t times that of the other one.
//
//	targets (N,TargetElements), the rest as in crossEntropy
func crossEntropyMixed(attr engine.CrossEntropyAttr, metrics, dlogits, logits, targets *tensor, status ...*tensor) {
	crossEntropyOf(attr, metrics, dlogits, logits, scaleOf(status), func(n int) engine.Target {
		return engine.TargetOf(targets.uints[n*engine.TargetElements:])
	})
}

func crossEntropyOf(attr engine.CrossEntropyAttr, metrics, dlogits, logits *tensor, scale float64, targetOf func(n int) engine.Target) {
	clear(metrics.floats)
	classes := float64(logits.C())
	for n := range logits.N() {
		row, of := logits.row(n), targetOf(n)
		label, share := of.Label, float64(of.Share)
		logSum := logSumExp(row)
		loss := 0.0
		for m, logit := range row {
			target := attr.Smoothing / classes
			if m == label {
				target += (1 - attr.Smoothing) * share
			}
			if m == of.Other {
				target += (1 - attr.Smoothing) * (1 - share)
			}
			loss -= target * (logit - logSum)
			dlogits.row(n)[m] = scale * (math.Exp(logit-logSum) - target) / float64(logits.N())
		}
		metrics.floats[engine.MetricLoss] += loss
		if r := rank(row, label); r < 1 {
			metrics.floats[engine.MetricTop1]++
			metrics.floats[engine.MetricTop5]++
		} else if r < 5 {
			metrics.floats[engine.MetricTop5]++
		}
	}
}

// logSumExp computes log Σ exp(x), with the largest x taken out so that no exponential overflows.
func logSumExp(x []float64) float64 {
	largest, sum := slices.Max(x), 0.0
	for _, v := range x {
		sum += math.Exp(v - largest)
	}
	return largest + math.Log(sum)
}

// rank is how many classes come before the label: those with a larger logit, and those with an equal one and
// a smaller index.
func rank(row []float64, label int) int {
	before := 0
	for m, v := range row {
		if v > row[label] || v == row[label] && m < label {
			before++
		}
	}
	return before
}
