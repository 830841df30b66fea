package gpu

import (
	"math"
	"strings"
	"testing"

	"cnnvk/vk/vktest"
)

// A device that computes passes, again and again, and with whatever was chosen for it.
func TestCheck(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	for range 3 {
		must(t, e.Check())
	}
	must(t, e.With(Options{NoTexels: true}).Check())
}

func TestWrongError(t *testing.T) {
	for _, c := range []struct {
		got  []float64
		says string
	}{
		{[]float64{0, 0}, `"GPU" computes nothing: `},
		{[]float64{0, 1}, `"GPU" computes wrongly: `},
		{[]float64{math.NaN(), 0}, `came back as [NaN 0], not [1 2]`},
	} {
		err := &WrongError{"GPU", c.got, []float64{1, 2}}
		if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: no %q in %q", c.got, c.says, err)
		}
	}
}
