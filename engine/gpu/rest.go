package gpu

import (
	"context"

	"cnnvk/vk"
)

// A session that opens compiles the first of its programs. The others are compiled while the device works, once it has done a step: an
// epoch's last batch and its validation have time until then, and nothing is to delay the first step.

// compilation is the making of pipelines beside other work.
type compilation struct {
	dispatches []planned
	made       []*vk.Pipeline // by dispatch, nil where it was not made
	err        error
	done       chan struct{} // closed when all above is final
	cancel     context.CancelFunc
}

// compileRest begins to compile what the session's programs lack, unless that was begun before.
func (s *session) compileRest() {
	if s.rest != nil {
		return
	}
	var plans []*plan
	for _, r := range s.order {
		plans = append(plans, r.plan)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &compilation{dispatches: s.executor.missing(plans), done: make(chan struct{}), cancel: cancel}
	s.rest = c
	if len(c.dispatches) == 0 {
		close(c.done)
		return
	}
	go func() {
		defer close(c.done)
		c.made, c.err = s.executor.makePipelines(ctx, c.dispatches)
	}()
}

// compiled sees to it that the pipelines of a program are there. The first step is not disturbed by compiling for others.
func (s *session) compiled(r *recorded) error {
	if len(s.executor.missing([]*plan{r.plan})) == 0 {
		return nil
	}
	if s.rest == nil {
		if err := s.retire(len(s.inFlight)); err != nil {
			return err
		}
	}
	if err := s.takeRest(true); err != nil {
		return err
	}
	return s.executor.compile(context.Background(), []*plan{r.plan})
}

// takeRest takes what compileRest has made: if it is done, or when it is.
func (s *session) takeRest(wait bool) error {
	c := s.rest
	if c == nil {
		return nil
	}
	if !wait {
		select {
		case <-c.done:
		default:
			return nil
		}
	}
	<-c.done
	c.cancel()
	s.executor.keep(c.dispatches, c.made)
	err := c.err
	c.dispatches, c.made, c.err = nil, nil, nil
	return err
}
