package training

import (
	"cnnvk/net"
	"cnnvk/net/safetensors"

	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"cnnvk/engine"
	"cnnvk/engine/trace"
)

// Position is how far a training is. An epoch's order, augmentation, dropout and rates are functions of seed, epoch, image and step: beside the
// arenas, nothing else decides what comes next.
type Position struct {
	Epoch     int           `json:"epoch"`      // epochs that are over, their validation included
	Step      int           `json:"step"`       // steps done in the epoch after them
	Total     int           `json:"total"`      // optimiser steps in the run
	Sum       net.Score     `json:"sum"`        // of those Step steps
	Elapsed   time.Duration `json:"elapsed"`    // that they took
	Counters  Counters      `json:"counters"`   // num_batches_tracked
	Best      float64       `json:"best"`       // validation accuracy so far
	BestEpoch int           `json:"best_epoch"` // that had it, 0 if none was validated; patience counts from there
	LossScale               // with mixed precision in float16
}

// Checkpoint is a training between two steps: one that goes on from there comes to the same bits.
type Checkpoint struct {
	Position
	Metadata map[string]string // of the caller
	groups   string            // of parameters: the recipe's
	tensors  []safetensors.Tensor
}

// The keys of a checkpoint's metadata that are its own, beside net.MetaFormat.
const (
	metaPosition = "position"
	metaGroups   = "groups" // none where there are none
	metaDigest   = "sha256"
)

// checkpointFormat changes whenever an earlier program would misread what a checkpoint holds.
const checkpointFormat = net.CheckpointFormats + "1"

// ErrFormat says that a checkpoint is of a format that this program does not read.
var ErrFormat = errors.New("this program reads " + checkpointFormat)

// place is a tensor's name in a checkpoint and its place in the arenas.
type place struct {
	name   string
	shape  engine.Shape
	arena  engine.Arena
	offset int
	weight bool // it may become part of a file of weights
}

const (
	modelPrefix = "model."
	emaPrefix   = "ema."
)

// Checkpoint waits for queued steps and reads the training's state. It may be called by OnEpoch and OnSave, and after Run. The error is
// net.ErrNotFinite where a weight is too large for float32: no file can hold it, though the loss may still be finite.
func (t *Trainer) Checkpoint(metadata map[string]string) (*Checkpoint, error) {
	defer t.Trace.Begin(trace.Host, "read checkpoint")()
	c := &Checkpoint{Position: t.run.at, Metadata: metadata, groups: groupsText(t.Recipe)}
	arenas := map[engine.Arena][]float64{}
	for _, p := range places(t.run.layout, t.Recipe) {
		if arenas[p.arena] == nil {
			var err error
			if arenas[p.arena], err = t.run.session.ReadArena(p.arena); err != nil {
				return nil, err
			}
		}
		values := arenas[p.arena][p.offset:][:p.shape.Elements()]
		if at := slices.IndexFunc(values, overflows); at >= 0 && p.weight {
			return nil, &overflow{t.run.at.Total, t.run.now, p.name, values[at]}
		}
		c.tensors = append(c.tensors, namedTensor(p.name, p.shape, values))
	}
	return c, nil
}

// overflows says whether a file's float32 cannot hold the value.
func overflows(v float64) bool { return !finite(float64(float32(v))) }

type overflow struct {
	step  int
	at    Progress
	name  string
	value float64
}

func (e *overflow) Error() string {
	return fmt.Sprintf("net: step %d (epoch %d, learning rate %.4g): %s holds %.4g, not finite in float32",
		e.step, e.at.Epoch, e.at.Rate, strings.TrimPrefix(strings.TrimPrefix(e.name, modelPrefix), emaPrefix), e.value)
}

func (e *overflow) Unwrap() error { return net.ErrNotFinite }

// namedTensor holds values as float32. Where that would round them (the reference executor computes in float64) it holds both.
func namedTensor(name string, shape engine.Shape, values []float64) safetensors.Tensor {
	out := safetensors.Tensor{Name: name, Shape: shape, F32: safetensors.Rounded(values)}
	for i, v := range values {
		if float64(out.F32[i]) != v {
			out.F64 = slices.Clone(values)
			break
		}
	}
	return out
}

// Restore brings a training that is open, but has not run, to where the checkpoint was taken.
func (t *Trainer) Restore(c *Checkpoint) error {
	if is := groupsText(t.Recipe); c.groups != is {
		return fmt.Errorf("net: the checkpoint's groups of parameters are [%s], the training's [%s]", safetensors.Printable(c.groups), is)
	}
	byName := map[string]safetensors.Tensor{}
	for _, n := range c.tensors {
		byName[n.Name] = n
	}
	all := places(t.run.layout, t.Recipe)
	if len(byName) != len(all) {
		return fmt.Errorf("net: the checkpoint has %d tensors, the training %d", len(byName), len(all))
	}
	arenas := map[engine.Arena][]float64{}
	for _, p := range all {
		n, ok := byName[p.name]
		if !ok || !p.shape.Equal(n.Shape) || n.F32 == nil {
			return fmt.Errorf("net: the checkpoint has no tensor %s %v", p.name, p.shape)
		}
		if arenas[p.arena] == nil {
			arenas[p.arena] = make([]float64, t.run.layout.ArenaElements(p.arena))
		}
		to := arenas[p.arena][p.offset:]
		copy(to, n.F64)
		for i, v := range n.F32[len(n.F64):] {
			to[i] = float64(v)
		}
	}
	for a, values := range arenas {
		if err := t.run.session.WriteArena(a, values); err != nil {
			return err
		}
	}
	t.run.at = c.Position
	return nil
}

// places lists what a checkpoint holds. Without a moving average its arena is not used; the status outlives a step where the loss is scaled.
func places(l *engine.Layout, r Recipe) []place {
	var out []place
	if r.scalesLoss() {
		out = append(out, place{"status", engine.Shape{engine.StatusElements}, engine.Status, 0, false})
	}
	for _, s := range l.Segments {
		out = append(out, place{modelPrefix + s.Name, s.Shape, engine.Model, s.Offset, true})
		if r.averages() {
			out = append(out, place{emaPrefix + s.Name, s.Shape, engine.EMA, s.Offset, true})
		}
		if !s.Trained {
			continue
		}
		sets := l.Groups[s.Group].MomentSets
		for k := range sets {
			out = append(out, place{momentPrefix(sets, k) + s.Name, s.Shape, engine.Moments, l.MomentOffset(s, k), false})
		}
	}
	return out
}

// momentPrefix is PyTorch's name for the k-th of the values, sets in all, that an optimiser keeps per parameter.
func momentPrefix(sets, k int) string {
	names := []string{"exp_avg", "exp_avg_sq"}
	if sets == 1 {
		names = []string{"momentum_buffer"}
	}
	return "optimizer." + names[k] + "."
}

// Averaged are the checkpoint's weights, or their moving average where the recipe keeps one, ready to be saved.
func (c *Checkpoint) Averaged(m *net.Model, metadata map[string]string) (*net.Weights, error) {
	prefix, batches := emaPrefix, c.Counters.EMA
	if !slices.ContainsFunc(c.tensors, func(t safetensors.Tensor) bool { return strings.HasPrefix(t.Name, emaPrefix) }) {
		prefix, batches = modelPrefix, c.Counters.Model
	}
	var tensors []safetensors.Tensor
	for _, t := range c.tensors {
		if name, is := strings.CutPrefix(t.Name, prefix); is {
			tensors = append(tensors, safetensors.Tensor{Name: name, Shape: t.Shape, F32: t.F32})
		}
	}
	w, err := net.NewWeights(m, tensors)
	if err != nil {
		return nil, fmt.Errorf("net: checkpoint: %w", err)
	}
	w.Batches, w.Metadata = batches, metadata
	return w, nil
}

// Encode writes the checkpoint as safetensors.
func (c *Checkpoint) Encode(w io.Writer) error {
	meta, err := c.metadata()
	if err != nil {
		return err
	}
	return safetensors.Encode(w, c.tensors, meta)
}

// metadata joins what a checkpoint says of itself to what its caller says.
func (c *Checkpoint) metadata() (map[string]string, error) {
	position, err := json.Marshal(c.Position)
	if err != nil {
		return nil, err
	}
	meta := map[string]string{}
	maps.Copy(meta, c.Metadata)
	meta[net.MetaFormat], meta[metaPosition] = checkpointFormat, string(position)
	delete(meta, metaGroups)
	if c.groups != "" {
		meta[metaGroups] = c.groups
	}
	meta[metaDigest], err = digest(c.tensors, meta)
	return meta, err
}

// LoadCheckpoint reads a checkpoint. A file with as little as one wrong bit is refused.
func LoadCheckpoint(path string) (*Checkpoint, error) {
	tensors, meta, err := safetensors.Read(path)
	if err != nil {
		return nil, err
	}
	switch format := meta[net.MetaFormat]; {
	case format == "":
		return nil, fmt.Errorf("net: %s is not a checkpoint", path)
	case format != checkpointFormat:
		return nil, fmt.Errorf("net: %s is a %s: %w", path, safetensors.Printable(format), ErrFormat)
	}
	if sum, err := digest(tensors, meta); err != nil || sum != meta[metaDigest] {
		return nil, fmt.Errorf("net: %s is damaged: its checksum is another", path)
	}
	c := &Checkpoint{Metadata: meta, groups: meta[metaGroups], tensors: tensors}
	if err := json.Unmarshal([]byte(meta[metaPosition]), &c.Position); err != nil {
		return nil, fmt.Errorf("net: %s: its position cannot be read: %w", path, err)
	}
	return c, nil
}

// digest is the checksum of all that a checkpoint holds but the checksum itself.
func digest(tensors []safetensors.Tensor, metadata map[string]string) (string, error) {
	rest := maps.Clone(metadata)
	delete(rest, metaDigest)
	return safetensors.Checksum(tensors, rest)
}
