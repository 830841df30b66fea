// Cnnvk trains and evaluates small convolutional networks on CIFAR-100, on any Vulkan GPU.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// run is the whole program: it returns the exit code. Results go to stdout, errors to stderr as one line, with a hint
// where there is something to do.
func run(args []string, stdout, stderr io.Writer) int {
	app := newApp(stdout, stderr)
	err := app.Run(args)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(stderr, "cnnvk: %s\n", oneLine(err))
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) && hinted.Hint() != "" {
		fmt.Fprintf(stderr, "hint: %s\n", hinted.Hint())
	}
	var usage usageError
	if errors.As(err, &usage) {
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
		OnUsageError:    func(_ *cli.Context, err error, _ bool) error { return usageError{err} },
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("no command %q: cnnvk --help lists them", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
	}
	for _, c := range app.Commands {
		c.OnUsageError = app.OnUsageError
		action := c.Action
		c.Action = func(ctx *cli.Context) error {
			if ctx.Args().Present() {
				return usagef("%s takes no argument %q: see cnnvk %s --help", ctx.Command.Name, ctx.Args().First(), ctx.Command.Name)
			}
			return action(ctx)
		}
	}
	return app
}

// usageError is a mistake in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// oneLine is the error in one line.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// hintError is an error with something to do about it.
type hintError struct {
	error
	hint string
}

func (e hintError) Hint() string  { return e.hint }
func (e hintError) Unwrap() error { return e.error }
