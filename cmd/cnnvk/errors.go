package main

import (
	"errors"
	"fmt"

	"cnnvk/internal/env"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/training"
)

// usageError is a mistake in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// isUsage says whether an error is a mistake in the command line or in the environment.
func isUsage(err error) bool {
	return errors.As(err, new(usageError)) || errors.As(err, new(*env.Error))
}

// flagProblemOf rewords an error about a value of the recipe: it names the value's flag, if it has one.
func flagProblemOf(err error, flags map[string]string) error {
	var bad *training.RecipeError
	if errors.As(err, &bad) && flags[bad.Key] != "" {
		err = withHintOf(err, usagef("%s", bad.About("--"+flags[bad.Key])))
		if like := hints.Near(fmt.Sprint(bad.Value), net.ModelNames()); bad.Key == "model" && like != "" {
			return hints.With(err, "did you mean "+like+"?")
		}
	}
	return err
}

// withHintOf gives the error that takes another's place its hint.
func withHintOf(err, instead error) error {
	if hint := hints.Of(err); hint != "" {
		return hints.With(instead, hint)
	}
	return instead
}
