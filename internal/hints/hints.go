// Package hints gives an error one line that says what the user can do about it.
package hints

import "errors"

// With returns err with a hint: one line that can be followed or, where it is a command, typed.
func With(err error, hint string) error { return &hinted{err, hint} }

type hinted struct {
	error
	hint string
}

func (e *hinted) Unwrap() error { return e.error }

// Of is the outermost hint in err's chain, or "".
func Of(err error) string {
	var hinted *hinted
	if errors.As(err, &hinted) {
		return hinted.hint
	}
	return ""
}
