package run

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"

	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/training"
)

// ReadCheckpoint reads the last checkpoint; nil if there is none yet. A run with weights but without a checkpoint is an error: an earlier
// program trained it, or somebody removed the checkpoint, and beginning again would destroy the weights.
func (f *Folder) ReadCheckpoint() (*training.Checkpoint, error) {
	if _, err := os.Lstat(f.Path(LastState)); errors.Is(err, os.ErrNotExist) {
		if _, err := os.Lstat(f.Path(LastWeights)); err == nil {
			return nil, hints.With(fmt.Errorf("the run %s cannot be resumed: it has weights, but no %s", f.Dir, LastState),
				fmt.Sprintf("cnnvk train --config %s --out %s --force begins it over", f.Word(ConfigFile), files.Quote(f.Dir)))
		}
		return nil, nil
	}
	c, err := training.LoadCheckpoint(f.Path(LastState))
	switch {
	case err == nil:
		return c, nil
	case errors.Is(err, training.ErrFormat):
		return nil, hints.With(err, "the version of cnnvk that wrote it can resume the run; "+f.RestartHint())
	case errors.Is(err, os.ErrPermission):
		return nil, hints.With(err, "chmod u+r gives its owner the right to read a file")
	}
	hint := f.RestartHint()
	if best, e := training.LoadCheckpoint(f.Path(BestState)); e == nil {
		hint = fmt.Sprintf("cp %s %s goes back to epoch %d, the best; ", f.Word(BestState), f.Word(LastState), best.Epoch) + hint
	}
	return nil, hints.With(err, hint)
}

// Fits says whether a checkpoint is of the run that config.yaml describes.
func (f *Folder) Fits(c *training.Checkpoint, conf Config) error {
	was, err := recipeOf(c.Metadata[MetaRecipe])
	if err != nil {
		return fmt.Errorf("%s: %s: %w", f.Path(LastState), MetaRecipe, errors.New(hints.OneLine(err.Error())))
	}
	is, before := Fields(reflect.ValueOf(&conf.Recipe).Elem()), Fields(reflect.ValueOf(&was).Elem())
	for _, key := range slices.Sorted(maps.Keys(is)) {
		a, b := is[key].Interface(), before[key].Interface()
		if key == "network" && a != b {
			return hints.With(fmt.Errorf("%s has another %s than its checkpoint", f.Path(ConfigFile), key), "set it back to go on, or "+f.RestartHint())
		}
		if !reflect.DeepEqual(a, b) {
			return hints.With(fmt.Errorf("%s says %s %v, but its checkpoint is of a training with %v", f.Path(ConfigFile), key, a, b),
				"set it back to go on, or "+f.RestartHint())
		}
	}
	return nil
}

// recipeOf reads a recipe. A key that the text lacks, since an earlier version wrote it, has the value of the named recipe it began as.
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

// FitsData says whether a checkpoint is of a training on those images, dealt like this.
func (f *Folder) FitsData(c *training.Checkpoint, dir string) error {
	if a, b := f.Identity[MetaData], c.Metadata[MetaData]; a != b {
		return f.OtherData(dir, a, b)
	}
	if f.Identity[MetaSplit] != c.Metadata[MetaSplit] {
		return hints.With(fmt.Errorf("the run %s dealt its images to training and validation in another way than this program does", f.Dir),
			"the program that began it can resume it; "+f.RestartHint())
	}
	return nil
}

// OtherData is the error of training images that are not the run's.
func (f *Folder) OtherData(dir, is, was string) error {
	return hints.With(fmt.Errorf("the training images of %s have the MD5 %s, but the run %s has those of %s", dir, is, f.Dir, was),
		"--data DIR with the run's own; "+f.RestartHint())
}

// WarnOfOthers warns of what has changed since the checkpoint, so that the resumed run may not come to the bits of one never stopped.
func (f *Folder) WarnOfOthers(log *slog.Logger, c *training.Checkpoint) error {
	was, err := weightsMetadata(c.Metadata)
	if err != nil {
		return err
	}
	is, err := weightsMetadata(f.Identity)
	if err != nil {
		return err
	}
	for _, what := range []string{"device", "driver", "version", "kernels"} { // of which each may change the next
		if was[what] != is[what] {
			log.Warn("the run goes on with another "+what+": its bits may differ from those of one that was never stopped", "was", was[what], "is", is[what])
			return nil
		}
	}
	return nil
}

// Restore brings the folder to where the checkpoint was taken. It writes the files of the epoch before, if the process had no time to, and
// drops the row of the epoch under way.
func (f *Folder) Restore(c *training.Checkpoint, m *net.Model) error {
	f.saved, f.Epochs, f.Best, f.metrics = true, c.Epoch, c.Best, nil
	text := c.Metadata[MetaMetrics]
	if text == "" {
		return f.remove(MetricsFile)
	}
	epochs, err := parseMetrics(text)
	if err != nil {
		return fmt.Errorf("%s: %w", f.Path(LastState), err)
	}
	f.metrics = epochs
	if old, err := os.ReadFile(f.Path(MetricsFile)); err == nil && string(old) == text+"\n" {
		return nil // metrics.csv is written last, so nothing is missing
	}
	if c.Step > 0 {
		return f.writeFile(MetricsFile, files.Bytes(metricsText(epochs)))
	}
	f.Epochs-- // which writeDerived counts
	return f.writeDerived(c, m, epochs)
}
