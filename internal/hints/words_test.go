package hints

import "testing"

func TestNear(t *testing.T) {
	for _, c := range []struct{ word, want string }{
		{"epoch", "epochs"}, {"epohcs", "epochs"}, {"batchsize", "batch-size"}, {"batch_size", "batch-size"}, {"batch", "batch-size"},
		{"weigths", "weights"}, {"x", ""}, {"", ""}, {"colour", ""}, {"v", ""},
	} {
		if got := Near(c.word, []string{"seed", "epochs", "batch-size", "limit-steps", "weights", "device", "data"}); got != c.want {
			t.Errorf("near %q: %q, want %q", c.word, got, c.want)
		}
	}
}
