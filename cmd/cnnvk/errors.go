package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"cnnvk/net"
)

// usageError is a mistake in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// hintError is an error with something to do about it.
type hintError struct {
	error
	hint string
}

func (e hintError) Hint() string  { return e.hint }
func (e hintError) Unwrap() error { return e.error }

// hintOf is what an error of any package says can be done about it, or nothing.
func hintOf(err error) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}

// oneLine is a text in one line: joined errors stand below one another.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

// onUsageError says what is wrong with a flag, in place of the help text that the library would print.
func onUsageError(c *cli.Context, err error, _ bool) error {
	return hintError{usagef("%s", flagProblem(err.Error())), helpHint(c)}
}

func helpHint(c *cli.Context) string { return c.Command.HelpName + " --help lists the flags" }

var invalidValue = regexp.MustCompile(`^invalid (?:boolean )?value (".*") for (?:flag )?-(\S+): (.*)$`)

// flagProblem rewrites the flag package's words, which know one dash only.
func flagProblem(text string) string {
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		return "unknown flag --" + name
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return "--" + name + " needs a value"
	}
	return invalidValue.ReplaceAllString(text, "--$2 $1: $3")
}

// recipeFlags are the flags of a recipe's values, by their names in config.yaml.
var recipeFlags = map[string]string{
	"seed": "--seed", "epochs": "--epochs", "limit_steps": "--limit-steps", "batch_size": "--batch-size",
	"optimizer": "--opt", "learning_rate": "--lr",
}

// recipeProblem turns a complaint about a value of the recipe into one about its flag.
func recipeProblem(err error) error {
	var bad *net.RecipeError
	if errors.As(err, &bad) && recipeFlags[bad.Key] != "" {
		return usagef("%s", bad.About(recipeFlags[bad.Key]))
	}
	return err
}

// reason strips the operation and path that the os package puts before a cause: our messages name the file.
func reason(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	if link := (*os.LinkError)(nil); errors.As(err, &link) {
		return link.Err
	}
	return err
}
