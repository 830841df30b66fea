package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"
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
	problem := flagProblem(err.Error())
	unknown, is := strings.CutPrefix(problem, unknownFlag)
	if !is {
		unknown = ""
	}
	return hintError{usagef("%s", problem), flagHint(c, unknown)}
}

const unknownFlag = "unknown flag --"

var invalidValue = regexp.MustCompile(`^invalid (?:boolean )?value (".*") for (?:flag )?-(\S+): (.*)$`)

// flagProblem rewrites the flag package's words, which know one dash only.
func flagProblem(text string) string {
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		return unknownFlag + name
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return "--" + name + " needs a value"
	}
	return invalidValue.ReplaceAllString(text, "--$2 $1: $3")
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
