package main

import (
	"github.com/urfave/cli/v2"

	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

// expandHome makes a leading ~ in the commands' path flags a home folder. Shells do that in --out ~/x, but not in --out=~/x, and
// not in what they take from elsewhere.
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
