package torchfile

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/nlpodyssey/gopickle/types"

	"cnnvk/net/safetensors"
)

// stateKeys are the keys under which checkpoints have their weights, as PyTorch's examples, timm, Ultralytics, fastai and Lightning write
// them. Averaged weights come first: they are what is evaluated.
var stateKeys = []string{"state_dict_ema", "model_ema", "ema_state_dict", "ema", "state_dict", "model_state_dict", "model", "net", "module"}

// deepest is how many dictionaries may stand around a state_dict.
const deepest = 4

// notState is the error about a file without a state_dict in a place that is known.
type notState struct {
	text string
	key  string // under which there is one all the same; "" for none
}

func (e *notState) Error() string { return e.text }

// findState finds the state_dict in what a file holds: in it itself, or under one of stateKeys. note says where it was, and what was left out.
func findState(value any) (named []namedTensor, note string, err error) {
	entries, under, ok := stateIn(value, deepest, map[any]bool{})
	if !ok {
		return nil, "", noState(value)
	}
	var said, others []string
	if under != "" {
		said = append(said, "the state_dict stands under "+safetensors.Printable(strings.TrimSuffix(under, ".")))
	}
	seen := map[string]bool{}
	for _, e := range entries {
		name, isText := e.Key.(string)
		t, isTensor := e.Value.(*tensor)
		switch {
		case !isText || !isTensor:
			others = append(others, keyText(e.Key))
			continue
		case name == "" || !utf8.ValidString(name):
			return nil, "", fmt.Errorf("its state_dict has the name %q, which is none", name)
		case seen[name]:
			return nil, "", fmt.Errorf("its state_dict has the name %q twice", name)
		}
		seen[name] = true
		named = append(named, namedTensor{name, t})
	}
	if len(others) > 0 {
		said = append(said, "no tensors, left out: "+listed(others))
	}
	return named, strings.Join(said, "; "), nil
}

// noState says what a file holds in place of a state_dict.
func noState(value any) error {
	entries, isDict := entriesOf(value)
	if !isDict {
		what := "a value"
		switch value.(type) {
		case *tensor:
			what = "a single tensor"
		case *types.List, *types.Tuple:
			what = "a list"
		}
		return &notState{text: "it holds " + what + ", not a state_dict: tensors by their names"}
	}
	if len(entries) == 0 {
		return &notState{text: "it holds an empty dictionary, not a state_dict"}
	}
	var keys []string
	other := ""
	for _, e := range entries {
		keys = append(keys, keyText(e.Key))
		key, isText := e.Key.(string)
		if _, _, ok := stateIn(e.Value, 0, map[any]bool{}); ok && isText && other == "" {
			other = key
		}
	}
	return &notState{"it holds " + listed(keys) + ", of which none is a state_dict that is known by its name", other}
}

// stateIn looks for a dictionary of tensors. seen are the dictionaries that were looked into.
func stateIn(value any, depth int, seen map[any]bool) (entries []types.DictEntry, under string, ok bool) {
	entries, isDict := entriesOf(value)
	if !isDict || seen[value] || depth < 0 {
		return nil, "", false
	}
	seen[value] = true
	byKey := map[string]any{}
	hasTensor := false
	for _, e := range entries {
		if key, isText := e.Key.(string); isText {
			byKey[key] = e.Value
			hasTensor = hasTensor || isTensor(e.Value)
		}
	}
	for _, key := range stateKeys {
		if inner, under, ok := stateIn(byKey[key], depth-1, seen); ok {
			return inner, key + "." + under, true
		}
	}
	return entries, "", hasTensor
}

// entriesOf are a dictionary's entries, in order.
func entriesOf(value any) ([]types.DictEntry, bool) {
	switch d := value.(type) {
	case *types.Dict:
		return *d, true
	case *types.OrderedDict:
		out := make([]types.DictEntry, 0, d.Len())
		for e := d.List.Front(); e != nil; e = e.Next() {
			entry := e.Value.(*types.OrderedDictEntry)
			out = append(out, types.DictEntry{Key: entry.Key, Value: entry.Value})
		}
		return out, true
	}
	return nil, false
}

// keyText is a dictionary's key in a message.
func keyText(key any) string {
	if text, ok := key.(string); ok {
		return safetensors.Printable(text)
	}
	return fmt.Sprintf("a key of type %T", key)
}

// listed names the first few.
func listed(names []string) string {
	const most = 5
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}
