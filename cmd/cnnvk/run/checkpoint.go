package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"cnnvk/cifar"
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

// weightsMetadata is the metadata that weights files get, as the checkpoint has it.
func weightsMetadata(checkpoint map[string]string) (map[string]string, error) {
	var out map[string]string
	if err := json.Unmarshal([]byte(checkpoint[MetaWeights]), &out); err != nil {
		return nil, fmt.Errorf("the checkpoint's metadata %s: %w", MetaWeights, err)
	}
	return out, nil
}
