// Cnnvk trains and evaluates small convolutional networks on CIFAR-100, on any Vulkan GPU.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/chart"
	"cnnvk/internal/hints"
	"cnnvk/net/training"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // by any signal to stop: 128 plus the number of SIGINT, as in shells
)

func main() {
	published().start()
}

// program is what the commands work with beside the user's flags.
type program struct {
	source          cifar.Source    // of the data set
	syntheticImages int             // in the synthetic set
	checkpointEvery time.Duration   // between checkpoints within a long epoch
	sample          training.Recipe // of a step by which a vector width is measured
	curvesDPI       int             // dots per inch of curves.png
}

// published is the program that users get. Its synthetic set is small, so that trying out is quick.
func published() program {
	return program{
		source: cifar.Published, syntheticImages: 10_000, checkpointEvery: time.Minute,
		sample: sampleRecipe(), curvesDPI: chart.DPI,
	}
}

// sampleRecipe is the recipe that most start with. Of a smaller batch the kernels are the same, and take less time.
func sampleRecipe() training.Recipe {
	r := training.DefaultRecipe()
	r.BatchSize = 32
	return r
}

// start runs the program with the process's arguments, signals and streams, and exits with its code.
func (p program) start() {
	os.Exit(p.run(untilInterrupted(os.Stderr, os.Exit), os.Args, standardOutput(), os.Stderr))
}

// standardOutput is os.Stdout or, if that was closed, a file to which every write fails.
func standardOutput() io.Writer {
	if stdoutClosed() {
		if refuses, err := os.Open(os.DevNull); err == nil {
			return refuses
		}
	}
	return os.Stdout
}

// run runs a command and returns the exit code. Results go to stdout, which is closed in the end. An error goes to stderr in one line, a hint
// in a second one. That the result could not be written is an error, too. Long work stops when ctx ends.
func (p program) run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	newLog(stderr, slog.LevelWarn) // for commands without a console
	out := &output{to: stdout}
	app := p.app(out, stderr)
	args = flagsFirst(app, helpAsFlag(args))
	giveCompletion(app, args)
	err := app.RunContext(ctx, args)
	if err == nil || readerGone(err) { // a reader that stops early, such as head, is no error
		err = out.close()
	}
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(stderr, "cnnvk: %s\n", hints.OneLine(err.Error()))
	if hint := hints.Of(err); hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", hints.OneLine(hint))
	}
	switch {
	case isUsage(err):
		return exitUsage
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFailed
}

func (p program) app(stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:                  "cnnvk",
		Usage:                 "train and evaluate small convolutional networks on CIFAR-100, on any Vulkan GPU",
		Description:           strings.Join(examples["cnnvk"], "\n") + "\n\nExit codes: " + exitCodes + ".",
		CustomAppHelpTemplate: withExamples(cli.AppHelpTemplate),
		Writer:                stdout,
		ErrWriter:             stderr,
		HideVersion:           true,
		HideHelpCommand:       true,
		Flags:                 []cli.Flag{versionFlag()},
		Commands: []*cli.Command{p.trainCommand(), p.evalCommand(), p.predictCommand(), p.convertCommand(), summaryCommand(), p.benchCommand(), p.tuneCommand(),
			p.devicesCommand(), p.dataCommand(), completionCommand(), versionCommand()},
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   onUsageError,
		Before:         versionAlone,
		Action: func(c *cli.Context) error {
			switch {
			case c.Args().Present():
				return hints.With(usagef("unknown command %q", c.Args().First()), commandHint(c, c.Args().First()))
			case c.Bool("version"):
				return printVersion(c)
			}
			return cli.ShowAppHelp(c)
		},
	}
	for _, c := range app.Commands {
		c.OnUsageError = onUsageError
		if slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), "device") }) {
			c.Action = withRoom(c.Action)
		}
		if len(c.Subcommands) == 0 && c.ArgsUsage == "" {
			c.Action = withoutArguments(c.Action)
		}
	}
	giveExamples(app.Name, app.Commands)
	expandHome(app.Commands)
	return app
}
