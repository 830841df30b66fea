package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"cnnvk/internal/env"
	"cnnvk/internal/hints"
)

// usageError is a mistake in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// isUsage says whether an error is a mistake in the command line or in the environment.
func isUsage(err error) bool {
	return errors.As(err, new(usageError)) || errors.As(err, new(*env.Error))
}

// onUsageError says what is wrong with a flag, in place of the help text that the library would print.
func onUsageError(c *cli.Context, err error, _ bool) error {
	text := err.Error()
	if found := invalidVariable.FindStringSubmatch(text); found != nil {
		return env.NotBool(found[2], found[1])
	}
	if found := invalidValue.FindStringSubmatch(text); found != nil {
		return invalidFlag(c, found[2], found[1], found[3])
	}
	problem := flagProblem(text)
	unknown, is := strings.CutPrefix(problem, unknownFlag)
	if !is {
		unknown = ""
	}
	return hints.With(usagef("%s", problem), flagHint(c, unknown))
}

const unknownFlag = "unknown flag --"

var (
	invalidValue    = regexp.MustCompile(`(?s)^invalid (?:boolean )?value (".*") for (?:flag )?-(\S+): (.*)$`)
	invalidVariable = regexp.MustCompile(`(?s)^could not parse "(.*)" as bool value from environment variable "(.*)" for flag `)
)

// flagProblem rewords an error of package flag, which writes flags with one dash.
func flagProblem(text string) string {
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		return unknownFlag + name
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return "--" + name + " needs a value"
	}
	return text
}
