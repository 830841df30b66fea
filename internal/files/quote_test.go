package files

import "testing"

func TestQuote(t *testing.T) {
	for path, want := range map[string]string{
		"runs/a-b_2.bin": "runs/a-b_2.bin",
		"":               "''",
		"my run":         "'my run'",
		"it's":           `'it'\''s'`,
		"$HOME":          "'$HOME'",
	} {
		if got := Quote(path); got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
}
