package main

import (
	"cnnvk/internal/hints"

	"github.com/urfave/cli/v2"
)

// dataCommand gathers what concerns the data set alone.
func dataCommand() *cli.Command {
	c := &cli.Command{
		Name:            "data",
		Usage:           "download CIFAR-100, or look at a copy of it and at augmented images",
		HideHelpCommand: true,
		Subcommands:     []*cli.Command{dataDownloadCommand(), dataInfoCommand(), dataPreviewCommand()},
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
