package main

import (
	"testing"
	"time"

	"cnnvk/engine/gpu"
)

// Of two ceilings the one counts that is nearer.
func TestNearer(t *testing.T) {
	c := gpu.Ceilings{Flops: 200e9, Bytes: 10e9}
	for _, x := range []struct {
		flops, bytes float64
		took         time.Duration
		want         string
	}{
		{100e9, 1e9, time.Second, "50 % flop"}, {100e9, 9e9, time.Second, "90 % memory"}, {1e9, 1e6, 10 * time.Millisecond, "50 % flop"},
		{0, 20e9, time.Second, "200 % memory"}, {0, 0, time.Second, "0 % memory"}, {1, 1, 0, "-"},
	} {
		if got := nearer(c, x.flops, x.bytes, x.took); got != x.want {
			t.Errorf("%+v: %s", x, got)
		}
	}
}
