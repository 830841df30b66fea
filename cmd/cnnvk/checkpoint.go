package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"cnnvk/cifar"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/training"
)

// checkpointEvery is the most that a training loses when its process is killed in the midst of a long epoch. Tests make it shorter.
var checkpointEvery = time.Minute

// The keys of a checkpoint's metadata beside the trainer's own. A checkpoint says all that its run's other files say, so that these
// can be made of it.
const (
	metaRecipe  = "recipe"       // as in config.yaml
	metaData    = "train_md5"    // of the training images
	metaSplit   = "split_sha256" // of split.json
	metaRows    = "metrics"      // the rows of metrics.csv
	metaWeights = "weights"      // the metadata of weights files
)

// identityOf is what a checkpoint says of the training that it belongs to.
func identityOf(r training.Recipe, set *cifar.Set, val []int, weights map[string]string) (map[string]string, error) {
	recipe, err := yaml.Marshal(r)
	if err != nil {
		return nil, err
	}
	split, err := splitText(val)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(split)
	of, err := json.Marshal(weights)
	return map[string]string{
		metaRecipe: string(recipe), metaData: set.MD5, metaSplit: hex.EncodeToString(sum[:]), metaWeights: string(of),
	}, err
}

// metadata is what a weights file says of its origin: nothing in it changes when the same training runs again.
func metadata(r training.Recipe, set *cifar.Set, m *machine, kernels []string) map[string]string {
	return map[string]string{
		"seed":     strconv.FormatUint(uint64(r.Seed), 10),
		"data_md5": metadataName(set),
		"device":   m.Device().Name,
		"driver":   m.Device().Driver,
		"kernels":  strings.Join(kernels, "; "),
		"version":  version(),
	}
}

// splitText is what split.json holds.
func splitText(val []int) ([]byte, error) {
	text, err := json.Marshal(map[string][]int{"val": val})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", splitFile, err)
	}
	return append(text, '\n'), nil
}

// checkpoint takes a checkpoint of a training whose epochs so far have those metrics.
func (f *runFolder) checkpoint(t *training.Trainer, epochs []metrics) (*training.Checkpoint, error) {
	metadata := maps.Clone(f.identity)
	metadata[metaRows] = ""
	if len(epochs) > 0 {
		metadata[metaRows] = strings.TrimSuffix(string(metricsText(epochs)), "\n")
	}
	return t.Checkpoint(metadata)
}

// writeCheckpoint writes a checkpoint from which the run can be resumed.
func (f *runFolder) writeCheckpoint(c *training.Checkpoint) error {
	if err := f.writeFile(lastState, c.Encode); err != nil {
		return err
	}
	f.saved = true
	return nil
}

// resumeHint is a hint.
func (f *runFolder) resumeHint(from string) string {
	return "cnnvk train --resume " + files.Quote(f.dir) + " goes on " + from
}

// weightsMetadata is what a checkpoint has weights files say.
func weightsMetadata(checkpoint map[string]string) (map[string]string, error) {
	var out map[string]string
	if err := json.Unmarshal([]byte(checkpoint[metaWeights]), &out); err != nil {
		return nil, fmt.Errorf("the checkpoint's metadata %s: %w", metaWeights, err)
	}
	return out, nil
}

// averaged are the weights of a checkpoint.
func averaged(c *training.Checkpoint, m *net.Model) (*net.Weights, error) {
	metadata, err := weightsMetadata(c.Metadata)
	if err != nil {
		return nil, err
	}
	return c.Averaged(m, metadata)
}

// restore makes the folder what it was when the checkpoint was taken, if it is not: the files of the epoch before, which the
// process may have had no time to write, and no row of the epoch under way.
func (f *runFolder) restore(c *training.Checkpoint, m *net.Model) error {
	f.saved, f.epochs, f.best, f.metrics = true, c.Epoch, c.Best, nil
	text := c.Metadata[metaRows]
	if text == "" {
		return f.remove(metricsFile)
	}
	epochs, err := parseMetrics(text)
	if err != nil {
		return fmt.Errorf("%s: %w", f.path(lastState), err)
	}
	f.metrics = epochs
	if old, err := os.ReadFile(f.path(metricsFile)); err == nil && string(old) == text+"\n" {
		return nil // the last of the files
	}
	if c.Step > 0 {
		return f.writeFile(metricsFile, all(metricsText(epochs)))
	}
	f.epochs-- // which writeDerived counts
	return f.writeDerived(c, m, epochs)
}

// fits says whether a checkpoint is of the run that config.yaml describes.
func (f *runFolder) fits(c *training.Checkpoint, conf config) error {
	was, err := recipeOf(c.Metadata[metaRecipe])
	if err != nil {
		return fmt.Errorf("%s: %s: %w", f.path(lastState), metaRecipe, errors.New(oneLine(err.Error())))
	}
	is, before := fieldsOf(reflect.ValueOf(&conf.Recipe).Elem()), fieldsOf(reflect.ValueOf(&was).Elem())
	for _, key := range slices.Sorted(maps.Keys(is)) {
		if a, b := is[key].Interface(), before[key].Interface(); !reflect.DeepEqual(a, b) {
			return hints.With(fmt.Errorf("%s says %s %v, but its checkpoint is of a training with %v", f.path(configFile), key, a, b),
				"set it back to go on, or "+f.restartHint())

		}
	}
	return nil
}

// recipeOf reads a recipe. What it does not say, as it is of a version that had no such key, is as in the named recipe that it began as.
func recipeOf(text string) (training.Recipe, error) {
	var began struct {
		Name string `yaml:"recipe"`
	}
	if err := yaml.Unmarshal([]byte(text), &began); err != nil {
		return training.Recipe{}, err
	}
	r, err := training.RecipeNamed(began.Name)
	if err != nil {
		return r, err
	}
	return r, yaml.Unmarshal([]byte(text), &r)
}

// fitsData says whether a checkpoint is of a training on those images, dealt like this.
func (f *runFolder) fitsData(c *training.Checkpoint, dir string) error {
	if a, b := f.identity[metaData], c.Metadata[metaData]; a != b {
		return otherData(f, dir, a, b)
	}
	if f.identity[metaSplit] != c.Metadata[metaSplit] {
		return hints.With(fmt.Errorf("the run %s dealt its images to training and validation in another way than this program does", f.dir),
			"the program that began it can resume it; "+f.restartHint())

	}
	return nil
}

func otherData(f *runFolder, dir, is, was string) error {
	return hints.With(fmt.Errorf("the training images of %s have the MD5 %s, but the run %s has those of %s", dir, is, f.dir, was),
		"--data DIR with the run's own; "+f.restartHint())

}

// restartHintWith is a hint with flags that begin another run in the place of one that was resumed.
func (f *runFolder) restartHintWith(flags string) string {
	return fmt.Sprintf("%s, with --config %s --out DIR in place of --resume", flags, f.word(configFile))
}

// restartHint is a hint.
func (f *runFolder) restartHint() string {
	return fmt.Sprintf("cnnvk train --config %s --out DIR begins another run", f.word(configFile))
}

// readCheckpoint reads the last checkpoint; nil where there is none yet. A run without one that has weights was trained by an
// earlier program, or somebody removed it: to begin it over would destroy them.
func (f *runFolder) readCheckpoint() (*training.Checkpoint, error) {
	if _, err := os.Lstat(f.path(lastState)); errors.Is(err, os.ErrNotExist) {
		if _, err := os.Lstat(f.path(lastWeights)); err == nil {
			return nil, hints.With(fmt.Errorf("the run %s cannot be resumed: it has weights, but no %s", f.dir, lastState),
				fmt.Sprintf("cnnvk train --config %s --out %s --force begins it over", f.word(configFile), files.Quote(f.dir)))

		}
		return nil, nil
	}
	c, err := training.LoadCheckpoint(f.path(lastState))
	switch {
	case err == nil:
		return c, nil
	case errors.Is(err, training.ErrFormat):
		return nil, hints.With(err, "the version of cnnvk that wrote it can resume the run; "+f.restartHint())
	case errors.Is(err, os.ErrPermission):
		return nil, hints.With(err, "chmod u+r gives its owner the right to read a file")
	}
	hint := f.restartHint()
	if best, e := training.LoadCheckpoint(f.path(bestState)); e == nil {
		hint = fmt.Sprintf("cp %s %s goes back to epoch %d, the best; ", f.word(bestState), f.word(lastState), best.Epoch) + hint
	}
	return nil, hints.With(err, hint)
}
