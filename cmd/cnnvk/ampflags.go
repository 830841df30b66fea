package main

import (
	"github.com/urfave/cli/v2"

	"cnnvk/engine"
	"cnnvk/net/training"
)

// The flags of mixed precision, named as in timm.
const (
	ampFlag      = "amp"
	ampTypeFlag  = "amp-dtype"
	ampScaleFlag = "amp-initial-scale"
)

// ampFlags are those of commands other than train; what says what is stored in 16 bits.
func ampFlags(what string) []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: ampFlag, Usage: "mixed precision: " + what + " in 16 bits"},
		&cli.StringFlag{Name: ampTypeFlag, DefaultText: training.Float16, Usage: "with --amp: " + choice(training.AMPTypes)},
	}
}

// giveAMP puts the flags into a recipe.
func giveAMP(c *cli.Context, r *training.Recipe) error {
	r.AMP, r.AMPType = c.Bool(ampFlag), c.String(ampTypeFlag)
	return checkAMP(c, *r)
}

// storedBy is what the flags have an evaluation store activations as.
func storedBy(c *cli.Context) (engine.DType, error) {
	r := training.DefaultRecipe()
	before := r
	if err := giveAMP(c, &r); err != nil {
		return 0, err
	}
	r.Settle(before, c.IsSet)
	return r.Stored(), flagProblemOf(r.Check(), map[string]string{"amp_dtype": ampTypeFlag})
}

// ampWords are the flags that have a command store activations as that type.
func ampWords(stored engine.DType) string {
	switch stored {
	case engine.Float16:
		return " --" + ampFlag
	case engine.BFloat16:
		return " --" + ampFlag + " --" + ampTypeFlag + " " + training.BFloat16
	}
	return ""
}

// checkAMP refuses flags of mixed precision that would do nothing.
func checkAMP(c *cli.Context, r training.Recipe) error {
	switch {
	case c.IsSet(ampTypeFlag) && !r.AMP:
		return usagef("--%s does nothing without --%s", ampTypeFlag, ampFlag)
	case c.IsSet(ampScaleFlag) && !r.AMP:
		return usagef("--%s does nothing without --%s", ampScaleFlag, ampFlag)
	case c.IsSet(ampScaleFlag) && r.AMPType == training.BFloat16:
		return usagef("--%s does nothing with %s, whose loss is not scaled", ampScaleFlag, r.AMPType)
	}
	return nil
}
