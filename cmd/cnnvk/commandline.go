package main

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"cnnvk/internal/env"
	"cnnvk/internal/hints"
)

// withoutArguments is an action that takes no arguments: one is most likely a flag whose dashes were forgotten.
func withoutArguments(action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.Args().Present() {
			return hints.With(usagef("%s takes no argument %q", c.Command.Name, c.Args().First()), argumentHint(c))
		}
		return action(c)
	}
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

// invalidFlag is the error of a flag's value that is not of its form: it says the form, and what was most likely meant. quoted is the value,
// cause is what the flag package says of it.
func invalidFlag(c *cli.Context, name, quoted, cause string) error {
	form, like := formOf(flagNamed(c.Command, "--"+name), quoted)
	if form == "" || strings.Contains(cause, "out of range") {
		return hints.With(usagef("--%s %s: %s", name, quoted, cause), flagHint(c, ""))
	}
	hint := flagHint(c, "")
	if like != "" {
		hint = "--" + name + " " + like
	}
	return hints.With(usagef("--%s %s: use %s", name, quoted, form), hint)
}

// formOf is the form of a flag's values, and the value of that form that is most like what was typed, if there is one.
func formOf(flag cli.Flag, quoted string) (form, like string) {
	typed, err := strconv.Unquote(quoted)
	if err != nil {
		typed = ""
	}
	switch flag.(type) {
	case *cli.IntFlag, *cli.Int64Flag:
		if thousands.MatchString(typed) {
			typed = strings.ReplaceAll(typed, ",", "")
		}
		if n, ok := numberLike(typed); ok && n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			like = strconv.FormatInt(int64(n), 10)
		}
		return "a whole number", like
	case *cli.Float64Flag:
		if n, ok := numberLike(typed); ok {
			like = strconv.FormatFloat(n, 'g', -1, 64)
		}
		return "a number with a point, such as 0.001 or 1e-3", like
	case *cli.DurationFlag:
		if n, ok := numberLike(typed); ok {
			like = fmt.Sprintf("%[1]gm for minutes, %[1]gs for seconds", n)
		}
		return "a time with its unit, such as 1h or 90m", like
	case *cli.BoolFlag:
		return "true or false", ""
	}
	return "", ""
}

// thousands are parted by commas.
var thousands = regexp.MustCompile(`^\d{1,3}(,\d{3})+$`)

// numberLike is the number that a text is read as by people: with a decimal comma, blanks or a percent sign.
func numberLike(text string) (float64, bool) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, " ", ""), ",", ".")
	text, percent := strings.CutSuffix(text, "%")
	n, err := strconv.ParseFloat(text, 64)
	if percent {
		n /= 100
	}
	return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
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
