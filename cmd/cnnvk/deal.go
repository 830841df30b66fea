package main

import (
	"encoding/json"
	"fmt"

	"cnnvk/cifar"
	"cnnvk/net/training"
)

// The keys of a weights file's metadata that say which images it was trained on.
const (
	metaData = "data_md5"
	metaSeed = "seed"
	metaDeal = "held_out" // how images were dealt to validation; only of pictures without a part for it
)

// heldOut is what metaDeal holds; the seed stands under its own key.
type heldOut struct {
	Split string  `json:"split"`
	Ratio float64 `json:"ratio"`
}

// deal splits a set into the images that validate and those that are trained on: as the set has them, or else as the recipe deals them.
func deal(r training.Recipe, set *cifar.Set) (val, train []int) {
	switch {
	case set.Validation > 0:
		for i := range set.Len() {
			train = append(train, i)
		}
		first := set.Len() - set.Validation
		return train[first:], train[:first:first]
	case r.Split == training.StratifiedSplit:
		return cifar.SplitStratified(set.Labels, r.ValidationRatio, r.Seed)
	}
	return cifar.Split(set.Len(), r.ValidationRatio, r.Seed)
}

// withDeal adds to the metadata of weights how pictures were dealt.
func withDeal(metadata map[string]string, r training.Recipe, set *cifar.Set) error {
	if !set.Pictures() || set.Validation > 0 {
		return nil
	}
	text, err := json.Marshal(heldOut{r.Split, r.ValidationRatio})
	metadata[metaDeal] = string(text)
	return err
}

// dealOf is the part of a recipe by which images were dealt, as the metadata of weights have it.
func dealOf(metadata map[string]string) (training.Recipe, error) {
	var of heldOut
	r := training.DefaultRecipe()
	if err := json.Unmarshal([]byte(metadata[metaDeal]), &of); err != nil {
		return r, fmt.Errorf("the weights' metadata %s %q do not say which pictures were held out of the training", metaDeal, metadata[metaDeal])
	}
	r.Split, r.ValidationRatio = of.Split, of.Ratio
	if _, err := fmt.Sscan(metadata[metaSeed], &r.Seed); err != nil {
		return r, fmt.Errorf("the weights' metadata %s %q is no number", metaSeed, metadata[metaSeed])
	}
	return r, r.Check()
}
