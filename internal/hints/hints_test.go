package hints

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestOf(t *testing.T) {
	inner := With(fs.ErrNotExist, "make it")
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{fs.ErrNotExist, ""},
		{inner, "make it"},
		{fmt.Errorf("reading: %w", inner), "make it"},
		{errors.Join(fs.ErrExist, inner), "make it"},
		{With(inner, "look again"), "look again"},
	} {
		if got := Of(c.err); got != c.want {
			t.Errorf("%v: hint %q, want %q", c.err, got, c.want)
		}
	}
	if !errors.Is(inner, fs.ErrNotExist) || inner.Error() != fs.ErrNotExist.Error() {
		t.Errorf("%v hides its cause", inner)
	}
}
