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
func (d *dispatch) pipelineKey() string {
	return fmt.Sprint(d.kernel.code(), d.kernel.half, d.kernel.lanes, d.specialized(), d.forms)
}

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
	missing := e.missing(plans)
	made, err := e.makePipelines(ctx, missing)
	e.keep(missing, made)
	return err
}

// missing are dispatches of the plans, one for each pipeline that there is not yet.
func (e *Executor) missing(plans []*plan) []planned {
	var out []planned
	seen := map[string]bool{}
	for _, pl := range plans {
		for _, d := range pl.dispatches {
			if key := d.pipelineKey(); !seen[key] && e.pipelines[key] == nil {
				seen[key] = true
				out = append(out, planned{pl, d})
			}
		}
	}
	return out
}

// makePipelines makes a pipeline for each dispatch. Those made before an error are returned, too; in place of the others there is nil.
func (e *Executor) makePipelines(ctx context.Context, dispatches []planned) ([]*vk.Pipeline, error) {
	made := make([]*vk.Pipeline, len(dispatches))
	err := inTurn(ctx, len(dispatches), runtime.GOMAXPROCS(0), func(i int) (err error) {
		made[i], err = e.newPipeline(dispatches[i].dispatch)
		return err
	})
	return made, err
}

// keep adds pipelines to those that there are. One that came in between stays, and the other goes.
func (e *Executor) keep(dispatches []planned, made []*vk.Pipeline) {
	for i, p := range made {
		key := dispatches[i].pipelineKey()
		if e.pipelines[key] != nil {
			p.Destroy()
		} else if p != nil {
			e.pipelines[key] = p
		}
	}
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
	code, err := shaders.Code(d.kernel.code())
	return vk.PipelineSpec{
		Name:           d.kernel.code(),
		Code:           code,
		StorageBuffers: len(d.kernel.storage),
		Uniform:        d.kernel.uniform,
		TexelBuffers:   d.kernel.texel,
		PushBytes:      4 * len(d.kernel.push),
		Constants:      d.specialized(),
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
