package main

import (
	"github.com/urfave/cli/v2"

	"cnnvk/internal/hints"
)

// dataCommand has the subcommands about the data set.
func (p program) dataCommand() *cli.Command {
	c := &cli.Command{
		Name:            "data",
		Usage:           "download CIFAR-100, or look at a copy of it or of CIFAR-10 or at pictures of your own, and at augmented images",
		HideHelpCommand: true,
		Subcommands:     []*cli.Command{p.dataDownloadCommand(), p.dataInfoCommand(), p.dataPreviewCommand()},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return hints.With(usagef("unknown command \"data %s\"", c.Args().First()), commandHint(c, c.Args().First()))
			}
			return cli.ShowSubcommandHelp(c)
		},
	}
	for _, sub := range c.Subcommands {
		sub.OnUsageError = onUsageError
		sub.Action = withoutArguments(sub.Action)
	}
	return c
}
