package gpu

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/vk/leaktest"
	"cnnvk/vk/vktest"
)

// Jobs run at the same time, but no more than there are threads; after a failure no further one begins, and the first error by number is
// returned, whichever came first.
func TestInTurn(t *testing.T) {
	for range 200 {
		var running, most, begun atomic.Int32
		err := inTurn(context.Background(), 100, 4, func(i int) error {
			begun.Add(1)
			now := running.Add(1)
			defer running.Add(-1)
			for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
			}
			runtime.Gosched()
			if i == 20 || i == 21 || i == 22 {
				return fmt.Errorf("job %d", i)
			}
			return nil
		})
		if err == nil || err.Error() != "job 20" {
			t.Fatalf("error %v, want that of job 20", err)
		}
		if most.Load() > 4 || begun.Load() < 21 || begun.Load() > 30 {
			t.Fatalf("%d at a time, %d begun", most.Load(), begun.Load())
		}
	}
	var group sync.WaitGroup
	group.Add(4)
	if err := inTurn(context.Background(), 4, 4, func(int) error { group.Done(); group.Wait(); return nil }); err != nil {
		t.Error(err)
	}
}

func TestInTurnCancelled(t *testing.T) {
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(context.Background())
	var begun atomic.Int32
	err := inTurn(ctx, 100, 2, func(i int) error {
		if begun.Add(1) == 3 {
			cancel(why)
		}
		return nil
	})
	if !errors.Is(err, why) || begun.Load() > 6 {
		t.Errorf("%v after %d jobs", err, begun.Load())
	}
	if err := inTurn(ctx, 1, 2, func(int) error { t.Error("begun"); return nil }); !errors.Is(err, why) {
		t.Errorf("cancelled before: %v", err)
	}
}

// A session's pipelines are compiled several at a time, each once, and a second session finds them all.
func TestSessionCompilesTogether(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		t.Skip("there is one processor alone")
	}
	counted := leaktest.CountVulkan(t)
	counted.Meet(t, 2)
	p, err := optest.Case{Kind: engine.PointwiseConv2dBackwardWeight, N: 8, C: 16, M: 16, H: 8, W: 8}.Program()
	must(t, err)
	pipelines := 0
	t.Run("device", func(t *testing.T) {
		e := New(vktest.Device(t))
		defer e.Close()
		for range 2 {
			s, err := e.NewSession(t.Context(), p.Layout, []*engine.Program{p}, engine.PlanOptions{})
			must(t, err)
			must(t, s.Close())
			pipelines = len(e.pipelines)
		}
	})
	for _, d := range counted.Devices(t) {
		if d.Together != 2 || d.Made["Pipeline"] != pipelines || pipelines != 2 {
			t.Errorf("%d at the same time, made %d pipelines, kept %d", d.Together, d.Made["Pipeline"], pipelines)
		}
	}
}

// What ends the preparation of a session leaves nothing behind but pipelines, which the executor keeps.
func TestSessionCancelled(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	p, err := optest.Case{Kind: engine.ReLU, N: 8, C: 16, H: 8, W: 8}.Program()
	must(t, err)
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	if _, err := e.NewSession(ctx, p.Layout, []*engine.Program{p}, engine.PlanOptions{}); !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
	s, err := e.NewSession(t.Context(), p.Layout, []*engine.Program{p}, engine.PlanOptions{})
	must(t, err)
	must(t, s.Close())
}
