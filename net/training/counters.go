package training

// Counters are num_batches_tracked of every BatchNorm, which counts training steps, and its moving average. They live
// on the host because they are 64-bit integers.
type Counters struct {
	Model, EMA int64
}

// Step counts a training step. PyTorch computes the average of the integer in float32 and truncates it.
func (c *Counters) Step(decay float64) {
	c.Model++
	c.EMA = int64(float32(float32(c.EMA)*float32(decay)) + float32(float32(c.Model)*float32(1-decay)))
}
