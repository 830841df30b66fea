package main

import (
	"github.com/urfave/cli/v2"

	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

// expandHome expands a leading ~ in the values of path flags. Shells do that in --out ~/x, but not in --out=~/x, nor in values from the
// environment.
func expandHome(commands []*cli.Command) {
	for _, c := range commands {
		c.Before = expandPaths
		expandHome(c.Subcommands)
	}
}

func expandPaths(c *cli.Context) error {
	for _, f := range c.Command.Flags {
		flag, is := f.(*cli.PathFlag)
		if !is || !c.IsSet(flag.Name) {
			continue
		}
		path, err := files.FromHome(c.Path(flag.Name))
		if err != nil {
			return hints.With(usagef("--%s %s: %w", flag.Name, c.Path(flag.Name), err), "a path that begins with / needs none")
		}
		if err := c.Set(flag.Name, path); err != nil {
			return err
		}
	}
	return nil
}
