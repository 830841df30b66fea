package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"cnnvk/cmd/cnnvk/run"
	"cnnvk/net/training"
)

// configOf is the configuration of a training: a named recipe's values, over them those of --config, over both those of other flags.
func configOf(c *cli.Context) (run.Config, error) {
	conf := run.Config{Recipe: training.DefaultRecipe()}
	var err error
	if c.IsSet("recipe") {
		if conf.Recipe, err = run.RecipeNamed(c.String("recipe"), "--recipe"); err != nil {
			return conf, usageError{err}
		}
	} else if !c.IsSet("config") {
		conf.Recipe = recipeForModel(c)
	}
	if c.IsSet("config") {
		path := c.String("config")
		if filepath.Ext(path) == filepath.Ext(run.LastState) { // a file of the run that is not YAML
			path = run.FolderOf(path)
		}
		path = run.FileIn(path, run.ConfigFile)
		if err := c.Set("config", path); err != nil { // errors name the file
			return conf, err
		}
		if conf, err = run.ReadConfigOver(path, conf.Recipe); err != nil {
			return conf, err
		}
		if name := c.String("recipe"); c.IsSet("recipe") && name != conf.Name {
			return conf, usagef("--recipe %s: %s is of the recipe %s", name, path, conf.Name)
		}
	}
	of := conf.Recipe
	if err := withFlags(c, &conf.Recipe); err != nil {
		return conf, err
	}
	if c.Bool("no-tune") || conf.Model != of.Model || conf.NetworkText != of.NetworkText || !slices.Equal(conf.Widths, of.Widths) {
		conf.Kernels = nil // which are those of another network
	}
	return conf, recipeProblem(c, checkRecipe(conf.Recipe))
}

// recipeProblem rewords an error about a value of the recipe: it names the flag, or the file and key, that the value came from.
func recipeProblem(c *cli.Context, err error) error {
	var bad *training.RecipeError
	file, flags := c.String("config"), recipeFlagNames()
	if c.String("resume") != "" {
		file = filepath.Join(c.String("resume"), run.ConfigFile)
	}
	if errors.As(err, &bad) && file != "" && !c.IsSet(flags[bad.Key]) {
		return withHintOf(err, fmt.Errorf("%s: %s", file, bad.About(bad.Key)))
	}
	return flagProblemOf(err, flags)
}
