// Cnnvk trains and evaluates small convolutional networks on CIFAR-100, on any Vulkan GPU.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// run is the whole program: it returns the exit code. Results go to stdout, an error to stderr as one line, with a hint
// in a second one where there is something to do.
func run(args []string, stdout, stderr io.Writer) int {
	err := newApp(stdout, stderr).Run(args)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(stderr, "cnnvk: %s\n", oneLine(err.Error()))
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", oneLine(hint))
	}
	if errors.As(err, new(usageError)) {
		return exitUsage
	}
	return exitFailed
}

func newApp(stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:            "cnnvk",
		Usage:           "train and evaluate small convolutional networks on CIFAR-100, on any Vulkan GPU",
		Writer:          stdout,
		ErrWriter:       stderr,
		HideVersion:     true,
		HideHelpCommand: true,
		Commands:        []*cli.Command{trainCommand(), evalCommand(), benchCommand(), devicesCommand(), versionCommand()},
		ExitErrHandler:  func(*cli.Context, error) {},
		OnUsageError:    onUsageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return hintError{usagef("unknown command %q", c.Args().First()), "cnnvk --help lists the commands"}
			}
			return cli.ShowAppHelp(c)
		},
	}
	for _, c := range app.Commands {
		c.OnUsageError = onUsageError
		c.Action = withoutArguments(c.Action)
	}
	return app
}

// withoutArguments is an action that takes flags alone: an argument is most likely a flag whose dashes were forgotten.
func withoutArguments(action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.Args().Present() {
			return hintError{usagef("%s takes no argument %q", c.Command.Name, c.Args().First()), helpHint(c)}
		}
		return action(c)
	}
}
