package main

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/internal/hints"
	"cnnvk/internal/pictures"
	"cnnvk/net"
	"cnnvk/net/training"
)

//go:embed completion
var completionScripts embed.FS

// shells are those with a completion script. The script asks the program for completions: it runs the words typed so far, with
// --generate-bash-completion at the end.
var shells = []string{"bash", "zsh", "fish", "powershell"}

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes commands and flags in a shell",
		ArgsUsage: strings.Join(shells, "|"),
		Action: func(c *cli.Context) error {
			shell := c.Args().First()
			if !slices.Contains(shells, shell) || c.NArg() > 1 {
				return hints.With(usagef("completion takes one of %s", strings.Join(shells, ", ")), "cnnvk completion bash")
			}
			script, err := completionScripts.ReadFile("completion/cnnvk." + shell)
			if err != nil {
				return err
			}
			_, err = c.App.Writer.Write(script)
			return err
		},
	}
}

// choices are the values of flags with a fixed set of values.
var choices = map[string][]string{
	"augment":   policyNames(),
	"recipe":    training.RecipeNames(),
	"opt":       training.Optimizers,
	"sched":     training.Schedules,
	"muon-rest": training.MuonRests,
	ampTypeFlag: training.AMPTypes,
	"split":     training.Splits,
	"resize":    pictures.Fits,
	"channels":  {"3", "1"},
	"model":     net.ModelNames(),
	"tta":       ttas,
	"device":    {"vulkan", machine.CPU},
	"progress":  progressModes,
}

// giveCompletion makes the commands print completions instead, if the shell's script asks.
func giveCompletion(app *cli.App, args []string) {
	app.EnableBashCompletion = true
	answer := completeAfter(args[max(len(args)-2, 0)])
	app.BashComplete = answer
	var give func([]*cli.Command)
	give = func(commands []*cli.Command) {
		for _, c := range commands {
			c.BashComplete = answer
			give(c.Subcommands)
		}
	}
	give(app.Commands)
}

// completeAfter prints a line for each word that may follow the last one: the choices of a flag that wants a value, else
// commands and flags. For other values (files, numbers) the shell completes.
func completeAfter(last string) cli.BashCompleteFunc {
	return func(c *cli.Context) {
		if f := flagNamed(c.Command, last); f != nil && f.TakesValue() {
			fmt.Fprint(c.App.Writer, lines(choices[f.(cli.Flag).Names()[0]]))
			return
		}
		var words []string
		if len(c.Command.Subcommands) > 0 {
			words = append(words, "help")
		}
		for _, sub := range c.Command.Subcommands {
			words = append(words, sub.Name)
		}
		if c.Command.Name == "completion" {
			words = append(words, shells...)
		}
		for _, f := range c.Command.VisibleFlags() {
			words = append(words, "--"+f.Names()[0])
		}
		fmt.Fprint(c.App.Writer, lines(words))
	}
}

// flagNamed is the flag of a command that a word with dashes names, or nil.
func flagNamed(c *cli.Command, word string) cli.DocGenerationFlag {
	name := strings.TrimLeft(word, "-")
	if name == word {
		return nil
	}
	for _, f := range c.Flags {
		if d, ok := f.(cli.DocGenerationFlag); ok && slices.Contains(f.Names(), name) {
			return d
		}
	}
	return nil
}

func lines(words []string) string {
	var out strings.Builder
	for _, w := range words {
		fmt.Fprintln(&out, w)
	}
	return out.String()
}
