package training

import (
	"context"
	"time"

	"cnnvk/engine/trace"
)

// tellingTime is the shortest time of a measurement that is trusted.
const tellingTime = 3 * time.Second

// EpochTime measures how long an epoch takes. It runs steps and validation batches, for tellingTime each at least. It is called between
// Open and Run, and puts back all that the steps changed: Run comes to the same bits with and without it.
func (t *Trainer) EpochTime(ctx context.Context) (time.Duration, error) {
	defer t.Trace.Begin(trace.Host, "measure an epoch")()
	order, batch := t.Order(0), t.Recipe.BatchSize
	step, sizes := 0.0, len(t.Recipe.sizes())
	for size := range sizes {
		took, err := t.batchTime(ctx, len(order)/batch, func(i int) error {
			return t.queue(order[i*batch:][:batch], 0, 0, size)
		})
		if err != nil {
			return 0, err
		}
		step += took / float64(sizes)
	}
	epoch := step * float64(len(order)) / float64(batch)
	if n := t.validationBatch(); n > 0 {
		validation, err := t.batchTime(ctx, len(t.Val)/n, func(i int) error {
			return t.queueValidation(ctx, t.Val[i*n:][:n], nil)
		})
		if err != nil {
			return 0, err
		}
		epoch += validation * float64(len(t.Val)) / float64(n)
	}
	return time.Duration(epoch * float64(time.Second)), t.setInitial()
}

// batchTime is the time of one of the batches, in seconds: the first is run, then the first two, four, and so on, until they
// take long enough. The shorter runs warm up for the one that counts.
func (t *Trainer) batchTime(ctx context.Context, batches int, queue func(i int) error) (float64, error) {
	for n := 1; ; n = min(2*n, batches) {
		began := time.Now()
		for i := range n {
			if ctx.Err() != nil {
				return 0, context.Cause(ctx)
			}
			if err := queue(i); err != nil {
				return 0, err
			}
		}
		if _, err := t.run.session.Reports(); err != nil {
			return 0, err
		}
		if took := time.Since(began); n == batches || n > 2 && took >= tellingTime {
			return took.Seconds() / float64(n), nil
		}
	}
}
