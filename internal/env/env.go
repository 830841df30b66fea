// Package env reads variables of the environment, and says which of them has a value that nobody can use.
package env

import (
	"fmt"
	"os"
	"strconv"

	"cnnvk/internal/hints"
)

// Error is a variable of the environment with a value that cannot be used: a mistake of the user's.
type Error struct {
	Name, Value string
	Problem     string // what follows the value in a sentence: ": use 1 or 2"
}

// Error names the variable, its value and the problem.
func (e *Error) Error() string { return fmt.Sprintf("%s is %q%s", e.Name, e.Value, e.Problem) }

// Bool is whether a variable says yes; unset or empty it does not. The error is an *Error with a hint.
func Bool(name string) (bool, error) {
	text := os.Getenv(name)
	if text == "" {
		return false, nil
	}
	yes, err := strconv.ParseBool(text)
	if err != nil {
		return false, NotBool(name, text)
	}
	return yes, nil
}

// NotBool is the error of a variable that says neither yes nor no.
func NotBool(name, value string) error {
	return hints.With(&Error{name, value, ": use 1 or true, 0 or false"}, name+"=1, or unset it")
}
