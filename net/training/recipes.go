package training

import (
	"cnnvk/net"
	"slices"
)

// NamedRecipe is a recipe that --recipe names, under Recipe.Name.
type NamedRecipe struct {
	Recipe
	About string // in a line of --help
}

// Recipes are the named recipes; the first is the default.
var Recipes = []NamedRecipe{
	{Recipe{
		Name: "smallcifarnet", Model: net.SmallCIFARNetName, Widths: net.ReferenceWidths(net.SmallCIFARNetName),
		Seed: 42, Epochs: 50, BatchSize: 128, Augment: "reference",
		Optimizer: AdamW, LearningRate: 1e-3, WeightDecay: 5e-4,
		Schedule: ScheduleCosine, WarmupEpochs: 5, DecayEpochs: 30, DecayRate: 0.1,
		Dropout: 1, LabelSmoothing: 0.1, ClipNorm: 1, EMADecay: 0.995,
		Normalize: true, Split: RandomSplit, ValidationRatio: 0.1, Patience: 10,
	}, "the reference: AdamW, warm-up and cosine, smoothing, clipping, averaged weights"},
	{Recipe{
		Name: "smallcifarnet-light", Model: net.SmallCIFARNetName, Widths: net.ReferenceWidths(net.SmallCIFARNetName),
		Seed: 42, Epochs: 30, BatchSize: 128, Augment: "crop-flip",
		Optimizer: AdamW, LearningRate: 3e-3, WeightDecay: 5e-4,
		Schedule: ScheduleCosine, WarmupEpochs: 3, DecayEpochs: 30, DecayRate: 0.1,
		LabelSmoothing: 0.1, ClipNorm: 1, EMADecay: 0.995,
		Normalize: true, Split: RandomSplit, ValidationRatio: 0.1, Patience: 10,
	}, "the reference's network, lightly regularised: no dropout, crops and flips alone, three times the rate, 30 epochs"},
	{Recipe{
		Name: "smallcifarnet-medium", Model: net.SmallCIFARNetName, Widths: net.ReferenceWidths(net.SmallCIFARNetName),
		Seed: 42, Epochs: 30, BatchSize: 128, Augment: "reference",
		Optimizer: AdamW, LearningRate: 3e-3, WeightDecay: 5e-4,
		Schedule: ScheduleCosine, WarmupEpochs: 3, DecayEpochs: 30, DecayRate: 0.1,
		LabelSmoothing: 0.1, ClipNorm: 1, EMADecay: 0.995,
		Normalize: true, Split: RandomSplit, ValidationRatio: 0.1, Patience: 10,
	}, "smallcifarnet-light with the reference's augmentation"},
	{Recipe{
		Name: "tinynet", Model: net.TinyNetName, Widths: net.ReferenceWidths(net.TinyNetName),
		Seed: 42, Epochs: 10, BatchSize: 32, Augment: "none",
		Optimizer: SGD, LearningRate: 1e-3,
		Schedule: ScheduleConstant, DecayEpochs: 30, DecayRate: 0.1,
		Split: RandomSplit,
	}, "the baseline: plain SGD on all 50,000 images, neither normalised nor validated"},
	{residual(net.ResNet9sName), "a small residual network: Nesterov at a high rate that rises over 15 % of the steps and falls along a line, reflected crops and flips, 20 epochs"},
	{residual("ds-resnet"), "the same for depthwise separable residual blocks"},
	{residual("resnet20"), "the same for ResNet-20"},
	{residual("wrn-16-2"), "the same for WRN-16-2"},
	{residual("mobilenetv2"), "the same for MobileNetV2 at width 0.7"},
}

// residual is the recipe of a network with BatchNorm after each convolution and skips, under the network's name.
func residual(model string) Recipe {
	return Recipe{
		Name: model, Model: model, Widths: net.ReferenceWidths(model),
		Seed: 42, Epochs: 20, BatchSize: 256, Augment: "crop-flip",
		Optimizer: Nesterov, LearningRate: 0.4, Momentum: 0.9, WeightDecay: 5e-4, NoDecay1D: true,
		Schedule: ScheduleLinear, WarmupShare: 0.15, DecayEpochs: 30, DecayRate: 0.1,
		Dropout: 1, LabelSmoothing: 0.1, ReflectPadding: true,
		Normalize: true, Split: RandomSplit, ValidationRatio: 0.1,
	}
}

// DefaultRecipe is the reference recipe of SmallCIFARNet.
func DefaultRecipe() Recipe { return Recipes[0].clone() }

// RecipeNamed finds a named recipe. The error is a *RecipeError.
func RecipeNamed(name string) (Recipe, error) {
	names := RecipeNames()
	i := slices.Index(names, name)
	if i < 0 {
		return Recipe{}, &RecipeError{"recipe", name, net.OneOf(names)}
	}
	return Recipes[i].clone(), nil
}

// RecipeFor is the recipe with which a network is trained where nobody names one: the default for the two networks that it is older than, else
// the network's own, or, for a file, resnet9s's.
func RecipeFor(model string, file bool) Recipe {
	switch {
	case file:
		model = net.ResNet9sName
	case model == net.TinyNetName:
		return DefaultRecipe()
	}
	return RecipeOf(model)
}

// RecipeOf is the first named recipe of a network, the default one where there is none.
func RecipeOf(model string) Recipe {
	i := slices.IndexFunc(Recipes, func(r NamedRecipe) bool { return r.Model == model })
	return Recipes[max(i, 0)].clone()
}

// RecipeNames lists the named recipes.
func RecipeNames() []string {
	var names []string
	for _, r := range Recipes {
		names = append(names, r.Name)
	}
	return names
}

func (r Recipe) clone() Recipe {
	r.Widths = slices.Clone(r.Widths)
	return r
}
