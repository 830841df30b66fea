package training

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
)

// trained is what a training leaves.
type trained struct {
	at     Position
	ends   []EpochEnded // without times
	arenas [][]float64
}

// trainOn opens a training, brings it to a checkpoint if there is one, and runs it.
func trainOn(t *testing.T, ctx context.Context, tr *Trainer, from *Checkpoint) (trained, error) {
	t.Helper()
	if err := tr.Open(t.Context(), cpu.New()); err != nil {
		t.Fatal(err)
	}
	if from != nil {
		if err := tr.Restore(from); err != nil {
			t.Fatal(err)
		}
	}
	return runOpen(t, ctx, tr)
}

// runOpen runs a training that is open.
func runOpen(t *testing.T, ctx context.Context, tr *Trainer) (trained, error) {
	t.Helper()
	var out trained
	tr.OnEpoch = func(e EpochEnded) error {
		e.Elapsed, e.ValTime, e.Wall, e.Busy = 0, 0, 0, 0
		out.ends = append(out.ends, e)
		return nil
	}
	err := tr.Run(ctx)
	out.at = tr.Position()
	out.at.Elapsed = 0
	for _, a := range []engine.Arena{engine.Model, engine.EMA, engine.Moments} {
		values, failed := tr.run.session.ReadArena(a)
		if failed != nil {
			t.Fatal(failed)
		}
		out.arenas = append(out.arenas, values)
	}
	if tr.Recipe.scalesLoss() { // else the next step does not depend on the status
		values, failed := tr.run.session.ReadArena(engine.Status)
		if failed != nil {
			t.Fatal(failed)
		}
		out.arenas = append(out.arenas, values)
	}
	return out, err
}

// saveCheckpoint makes a file of a checkpoint.
func saveCheckpoint(t *testing.T, c *Checkpoint, path string) {
	t.Helper()
	var file bytes.Buffer
	if err := c.Encode(&file); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// onDisk is a checkpoint after it was written and read again.
func onDisk(t *testing.T, c *Checkpoint) *Checkpoint {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.safetensors")
	saveCheckpoint(t, c, path)
	back, err := LoadCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// A training that is stopped anywhere and goes on from its checkpoint comes to the bits of one that was not: in between steps, in the
// validation, between epochs, with every optimiser. The limit ends it in the midst of the third epoch. Three steps make an epoch.
func TestResume(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Recipe){
		"adamw":      nil,
		"nesterov":   func(r *Recipe) { r.UseOptimizer(Nesterov) },
		"no average": func(r *Recipe) { r.EMADecay = 0 },
		"groups":     func(r *Recipe) { r.Groups = []string{"classifier.*:rate=0.5", "*.bn.*:decay=0"} },
		"frozen":     func(r *Recipe) { r.Freeze = []string{"features.[0-2].*", "*.bn.weight"} },
		"muon":       func(r *Recipe) { r.UseOptimizer(Muon); r.Groups = []string{"features.[01].*:rate=0.5"} },
		"mixing":     func(r *Recipe) { r.Mixup, r.Cutmix = 0.4, 1 },
		"sizes":      func(r *Recipe) { r.Sizes = []int{16, 24, 32} },
		"bfloat16":   func(r *Recipe) { r.AMP, r.AMPType = true, BFloat16 },
		"float16":    func(r *Recipe) { r.AMP, r.AMPType = true, Float16 },
		"skips":      func(r *Recipe) { r.AMP, r.AMPType, r.AMPScale = true, Float16, 0x1p40 },
		"recovery":   func(r *Recipe) { r.AMP, r.AMPType, r.AMPScale = true, Float16, 0x1p21 }, // at which some steps overflow
		"onecycle":   func(r *Recipe) { r.Schedule, r.WarmupEpochs, r.WarmupShare = ScheduleOneCycle, 0, 0.3 },
	} {
		t.Run(name, func(t *testing.T) {
			recipe := func(r *Recipe) {
				r.Epochs, r.LimitSteps = 4, 8
				if change != nil {
					change(r)
				}
			}
			want, err := trainOn(t, t.Context(), someTrainer(t, recipe), nil)
			if err != nil {
				t.Fatal(err)
			}
			if want.at.Total != 8 || len(want.ends) != 3 {
				t.Fatalf("%+v", want.at)
			}
			if last := want.ends[2]; name == "recovery" && (want.ends[0].Skipped == 0 || last.Skipped > 0) {
				t.Fatalf("of the first steps %d are skipped, of the last %d: want some and none", want.ends[0].Skipped, last.Skipped)
			}
			for stop := 1; ; stop++ {
				tr := someTrainer(t, recipe)
				ctx, end := context.WithCancelCause(t.Context())
				first, err := trainOn(t, &looks{ctx, end, stop}, tr, nil)
				if err == nil {
					break // it came to its end before
				}
				if !errors.As(err, new(*Stopped)) {
					t.Fatal(err)
				}
				c, err := tr.Checkpoint(map[string]string{"mine": "kept"})
				if err != nil {
					t.Fatal(err)
				}
				c = onDisk(t, c)
				if c.Metadata["mine"] != "kept" || c.Position.Total != first.at.Total || c.Position.Sum != first.at.Sum {
					t.Errorf("look %d: %+v came back as %+v", stop, first.at, c.Position)
				}
				second, err := trainOn(t, t.Context(), someTrainer(t, recipe), c)
				if err != nil {
					t.Fatal(err)
				}
				second.ends = append(first.ends, second.ends...)
				if !reflect.DeepEqual(second, want) {
					t.Errorf("stopped at look %d, after step %d: %+v, want %+v", stop, first.at.Total, second.at, want.at)
				}
			}
		})
	}
}

// Checkpoints in between change nothing, and from each of them the training comes to the same bits.
func TestResumeFromAnyStep(t *testing.T) {
	t.Parallel()
	recipe := func(r *Recipe) { r.EMADecay = 0.5 } // with which the counter's average is not 0
	want, err := trainOn(t, t.Context(), someTrainer(t, recipe), nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := someTrainer(t, recipe)
	var saved []*Checkpoint
	tr.OnSave = func() error {
		c, err := tr.Checkpoint(nil)
		saved = append(saved, c)
		return err
	}
	got, err := trainOn(t, t.Context(), tr, nil)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("with checkpoints: %+v, %v, want %+v", got.at, err, want.at)
	}
	if len(saved) != 6 {
		t.Fatalf("%d checkpoints", len(saved))
	}
	for i, c := range saved {
		if c.Total != i+1 || c.Step != i%3+1 || c.Epoch != i/3 || c.Counters.Model != int64(i+1) {
			t.Errorf("checkpoint %d: %+v", i, c.Position)
		}
		got, err := trainOn(t, t.Context(), someTrainer(t, recipe), onDisk(t, c))
		got.ends = append(want.ends[:c.Epoch:c.Epoch], got.ends...)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("from step %d: %+v, %v, want %+v", i+1, got.at, err, want.at)
		}
	}
	// A checkpoint of the end has nothing to follow.
	last, err := tr.Checkpoint(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := trainOn(t, t.Context(), someTrainer(t, recipe), last); err != nil || len(got.ends) != 0 || got.at != want.at {
		t.Errorf("after the end: %+v, %v", got, err)
	}
}

// The averaged weights of a checkpoint are those that a file of weights has.
func TestCheckpointAveraged(t *testing.T) {
	t.Parallel()
	for _, decay := range []float64{0.995, 0} {
		tr := someTrainer(t, func(r *Recipe) { r.EMADecay = decay })
		end, err := trainOn(t, t.Context(), tr, nil)
		if err != nil {
			t.Fatal(err)
		}
		c, err := tr.Checkpoint(nil)
		if err != nil {
			t.Fatal(err)
		}
		w, err := onDisk(t, c).Averaged(tr.Model, map[string]string{"seed": "1"})
		if err != nil {
			t.Fatal(err)
		}
		arena, batches := end.arenas[1], end.at.Counters.EMA
		if decay == 0 {
			arena, batches = end.arenas[0], end.at.Counters.Model
		}
		for i, v := range arena {
			if w.Arena[i] != float64(float32(v)) {
				t.Fatalf("decay %g: place %d is %g, want %g", decay, i, w.Arena[i], v)
			}
		}
		if w.Batches != batches || w.Metadata["seed"] != "1" {
			t.Errorf("decay %g: %d batches, want %d", decay, w.Batches, batches)
		}
	}
}

// A damaged checkpoint is refused in a line, whichever byte it is; and so is what is no checkpoint, or that of another network.
func TestCheckpointRefused(t *testing.T) {
	t.Parallel()
	tr := someTrainer(t, nil)
	if err := tr.Open(t.Context(), cpu.New()); err != nil {
		t.Fatal(err)
	}
	c, err := tr.Checkpoint(map[string]string{"metrics": "epoch,steps"})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "c.safetensors")
	saveCheckpoint(t, c, path)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadCheckpoint(path); err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for at := 0; at < len(good); at += 1 + len(good)/500 {
		bad := append([]byte(nil), good...)
		bad[at] ^= 4
		refused("a flipped bit", bad)
		refused("a cut file", good[:at])
	}
	refused("an earlier format", []byte(strings.Replace(string(good), checkpointFormat, "cnnvk checkpoint 0", 1)))
	if _, err := LoadCheckpoint(path); !errors.Is(err, ErrFormat) {
		t.Errorf("an earlier format: %v", err)
	}
	w, err := c.Averaged(tr.Model, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Save(path, []float64{0, 0, 0}, []float64{1, 1, 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadCheckpoint(path); err == nil || !strings.HasSuffix(err.Error(), "is not a checkpoint") {
		t.Errorf("weights: %v", err)
	}

	for says, change := range map[string]func(*Recipe){
		"the checkpoint has no tensor model.features.0.": func(r *Recipe) { r.Widths = []int{8, 7, 7, 7, 7, 7} },
		" tensors, the training ":                        func(r *Recipe) { r.Optimizer = "sgd" },
	} {
		other := someTrainer(t, change)
		if err := other.Open(t.Context(), cpu.New()); err != nil {
			t.Fatal(err)
		}
		if err := other.Restore(c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}

// Patience counts the epochs since the best one; it does not matter where the training was stopped in between.
func TestPatience(t *testing.T) {
	t.Parallel()
	// So low a rate changes no answer: the first epoch stays the best.
	recipe := func(r *Recipe) { r.Epochs, r.Patience, r.LearningRate = 20, 3, 1e-12 }
	want, err := trainOn(t, t.Context(), someTrainer(t, recipe), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range want.ends {
		if e.Last != (i == 3) || e.Best != (i == 0) {
			t.Errorf("epoch %d: last %v, best %v", e.Epoch, e.Last, e.Best)
		}
	}
	tr := someTrainer(t, recipe)
	if len(want.ends) != 4 || !tr.Recipe.outOfPatience(want.at) || tr.Recipe.Finished(want.at) != "the validation accuracy has not improved in 3 epochs" {
		t.Errorf("%d epochs, then %q", len(want.ends), tr.Recipe.Finished(want.at))
	}
	ctx, end := context.WithCancelCause(t.Context())
	if _, err := trainOn(t, &looks{ctx, end, 14}, tr, nil); err == nil {
		t.Fatal("not stopped")
	}
	c, err := tr.Checkpoint(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := trainOn(t, t.Context(), someTrainer(t, recipe), onDisk(t, c)); err != nil || got.at != want.at {
		t.Errorf("resumed: %+v, %v, want %+v", got.at, err, want.at)
	}
	never := someTrainer(t, func(r *Recipe) { recipe(r); r.Patience = 0 })
	if got, err := trainOn(t, t.Context(), never, nil); err != nil || got.at.Epoch != 20 {
		t.Errorf("without patience: %+v, %v", got.at, err)
	}
}
