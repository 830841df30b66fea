package training

import "testing"

// 48 epochs of 352 steps, as PyTorch counts them. The average of the integer is float32, cut each time.
func TestCounters(t *testing.T) {
	t.Parallel()
	var c Counters
	for range 16_896 {
		c.Step(0.995)
	}
	if c.Model != 16_896 || c.EMA != 16_697 {
		t.Errorf("%+v, want 16896 and 16697", c)
	}
	c = Counters{}
	c.Step(0)
	c.Step(0)
	if c.Model != 2 || c.EMA != 2 {
		t.Errorf("without memory: %+v, want 2 and 2", c)
	}
}
