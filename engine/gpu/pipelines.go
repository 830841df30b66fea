package gpu

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"cnnvk/shaders"
	"cnnvk/vk"
)

// pipelineKey is what tells a dispatch's pipeline from others.
func (d *dispatch) pipelineKey() string { return fmt.Sprint(d.kernel.name, d.constants) }

// pipeline makes a dispatch's pipeline, or finds it.
func (e *Executor) pipeline(d dispatch) (*vk.Pipeline, error) {
	key := d.pipelineKey()
	if p, ok := e.pipelines[key]; ok {
		return p, nil
	}
	p, err := e.newPipeline(d)
	if err == nil {
		e.pipelines[key] = p
	}
	return p, err
}

// compile makes the pipelines of the plans that there are not yet, on as many threads as there are processors.
func (e *Executor) compile(ctx context.Context, plans []*plan) error {
	var missing []dispatch
	seen := map[string]bool{}
	for _, pl := range plans {
		for _, d := range pl.dispatches {
			if key := d.pipelineKey(); !seen[key] && e.pipelines[key] == nil {
				seen[key] = true
				missing = append(missing, d)
			}
		}
	}
	made := make([]*vk.Pipeline, len(missing))
	err := inTurn(ctx, len(missing), runtime.GOMAXPROCS(0), func(i int) (err error) {
		made[i], err = e.newPipeline(missing[i])
		return err
	})
	for i, p := range made {
		if p != nil {
			e.pipelines[missing[i].pipelineKey()] = p
		}
	}
	return err
}

func (e *Executor) newPipeline(d dispatch) (*vk.Pipeline, error) {
	spec, err := d.pipelineSpec()
	if err != nil {
		return nil, err
	}
	return e.device.NewPipeline(spec)
}

// pipelineSpec is how a dispatch's pipeline is made.
func (d *dispatch) pipelineSpec() (vk.PipelineSpec, error) {
	code, err := shaders.Code(d.kernel.name)
	return vk.PipelineSpec{
		Name:           d.kernel.name,
		Code:           code,
		StorageBuffers: len(d.kernel.storage),
		Uniform:        d.kernel.uniform,
		TexelBuffers:   d.kernel.texel,
		PushBytes:      4 * len(d.kernel.push),
		Constants:      d.constants,
		SubgroupSize:   uint32(d.kernel.lanes),
	}, err
}

// inTurn does jobs 0 to n-1 on so many threads, beginning one after another. When one fails, or ctx ends, no further one begins. Of several
// errors that of the lowest number is returned, the same on every run: what comes before a job has begun before it.
func inTurn(ctx context.Context, n, threads int, job func(i int) error) error {
	g, working := errgroup.WithContext(ctx)
	g.SetLimit(threads)
	errs := make([]error, n)
	for i := range n {
		if working.Err() != nil {
			break
		}
		g.Go(func() error {
			errs[i] = job(i)
			return errs[i]
		})
	}
	if g.Wait() != nil {
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
	}
	return context.Cause(ctx)
}
