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
	"cnnvk/internal/hints"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // by a signal to stop, whichever: 128 and the number of SIGINT, as shells have it
)

func main() {
	published().start()
}

// program is what its commands work with beside what the user says.
type program struct {
	source          cifar.Source  // of the data set
	syntheticImages int           // in the synthetic set
	checkpointEvery time.Duration // the most that a training loses when its process is killed in the midst of a long epoch
}

// published is the program that users have. Its synthetic set is small, so that trying out is quick.
func published() program {
	return program{source: cifar.Published, syntheticImages: 10_000, checkpointEvery: time.Minute}
}

// start is the process: what was typed, its signals, its streams, its exit code.
func (p program) start() {
	os.Exit(p.run(untilInterrupted(os.Stderr, os.Exit), os.Args, standardOutput(), os.Stderr))
}

// standardOutput is os.Stdout, or, where that was closed, a file that refuses all that is written.
func standardOutput() io.Writer {
	if stdoutClosed() {
		if refuses, err := os.Open(os.DevNull); err == nil {
			return refuses
		}
	}
	return os.Stdout
}

// run does what the arguments say: it returns the exit code. Results go to stdout, which is closed in the end, an error to stderr as
// one line, with a hint in a second one where there is something to do. A result that could not be written is an error, too.
// What takes time stops when ctx ends.
func (p program) run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	newLog(stderr, slog.LevelWarn) // of commands that have no console
	out := &output{to: stdout}
	app := p.app(out, stderr)
	args = helpAsFlag(args)
	giveCompletion(app, args)
	err := app.RunContext(ctx, args)
	if err == nil || readerGone(err) { // that nobody reads on is no error of the command
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
	case errors.As(err, new(usageError)):
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
		Commands: []*cli.Command{p.trainCommand(), p.evalCommand(), summaryCommand(), benchCommand(), tuneCommand(), devicesCommand(), p.dataCommand(),
			completionCommand(), versionCommand()},
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

// withoutArguments is an action that takes flags alone: an argument is most likely a flag whose dashes were forgotten.
func withoutArguments(action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.Args().Present() {
			return hints.With(usagef("%s takes no argument %q", c.Command.Name, c.Args().First()), argumentHint(c))
		}
		return action(c)
	}
}
