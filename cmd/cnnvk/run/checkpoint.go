package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"cnnvk/cifar"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/training"
)

// The keys of a checkpoint's metadata beside the trainer's own. A checkpoint holds all that its run's other files say, so that they
// can be made from it.
const (
	MetaRecipe  = "recipe"       // as in config.yaml
	MetaData    = "train_md5"    // of the training images
	MetaSplit   = "split_sha256" // of split.json
	MetaMetrics = "metrics"      // the rows of metrics.csv
	MetaWeights = "weights"      // the metadata of weights files
)

// IdentityOf is what a checkpoint says of the training that it belongs to.
func IdentityOf(r training.Recipe, set *cifar.Set, val []int, weights map[string]string) (map[string]string, error) {
	recipe, err := recipeText(r)
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
		MetaRecipe: string(recipe), MetaData: set.MD5, MetaSplit: hex.EncodeToString(sum[:]), MetaWeights: string(of),
	}, err
}

// splitText is what split.json holds.
func splitText(val []int) ([]byte, error) {
	text, err := json.Marshal(map[string][]int{"val": val})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", SplitFile, err)
	}
	return append(text, '\n'), nil
}

// checkpoint takes a checkpoint of a training whose epochs so far have those metrics.
func (f *Folder) checkpoint(t *training.Trainer, epochs []Metrics) (*training.Checkpoint, error) {
	metadata := maps.Clone(f.Identity)
	metadata[MetaMetrics] = ""
	if len(epochs) > 0 {
		metadata[MetaMetrics] = strings.TrimSuffix(string(metricsText(epochs)), "\n")
	}
	return t.Checkpoint(metadata)
}

// writeCheckpoint writes a checkpoint from which the run can be resumed.
func (f *Folder) writeCheckpoint(c *training.Checkpoint) error {
	if err := f.writeFile(LastState, c.Encode); err != nil {
		return err
	}
	f.saved = true
	return nil
}

// ResumeHint is a hint: the command that resumes the run, and from where.
func (f *Folder) ResumeHint(from string) string {
	return "cnnvk train --resume " + files.Quote(f.Dir) + " goes on " + from
}

// weightsMetadata is the metadata that weights files get, as the checkpoint has it.
func weightsMetadata(checkpoint map[string]string) (map[string]string, error) {
	var out map[string]string
	if err := json.Unmarshal([]byte(checkpoint[MetaWeights]), &out); err != nil {
		return nil, fmt.Errorf("the checkpoint's metadata %s: %w", MetaWeights, err)
	}
	return out, nil
}

// InputOf is what a checkpoint's weights are to say of their images; zero in one of an earlier program.
func InputOf(c *training.Checkpoint) (net.Input, error) {
	metadata, err := weightsMetadata(c.Metadata)
	if err != nil {
		return net.Input{}, err
	}
	return net.InputOf(metadata)
}

// averaged are the averaged weights of a checkpoint, with the metadata of a weights file.
func averaged(c *training.Checkpoint, m *net.Model) (*net.Weights, error) {
	metadata, err := weightsMetadata(c.Metadata)
	if err != nil {
		return nil, err
	}
	return c.Averaged(m, metadata)
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

// RestartHintWith is a hint: the command that begins the run anew, with flags that do not go with --resume.
func (f *Folder) RestartHintWith(flags string) string {
	return fmt.Sprintf("%s, with --config %s --out DIR in place of --resume", flags, f.Word(ConfigFile))
}

// RestartHint is a hint: the command that begins the run anew in another folder.
func (f *Folder) RestartHint() string {
	return fmt.Sprintf("cnnvk train --config %s --out DIR begins another run", f.Word(ConfigFile))
}

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
