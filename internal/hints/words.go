package hints

import (
	"strings"

	"github.com/xrash/smetrics"
)

// Near finds the candidate that a mistyped word most likely meant, "" if none is like it.
func Near(word string, candidates []string) string {
	const alike = 0.85 // epoch and epochs are alike to 0.97, trian and train to 0.95, devices and eval to 0.60
	best, found := alike, ""
	for _, candidate := range candidates {
		if likeness := smetrics.JaroWinkler(word, candidate, 0.7, 4); likeness > best {
			best, found = likeness, candidate
		}
	}
	return found
}

// OneLine is a text in one line: joined errors stand below one another.
func OneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
