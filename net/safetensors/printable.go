package safetensors

import "strconv"

// Printable is a text from a file, in one line and cut to a readable length.
func Printable(text string) string {
	quoted := strconv.Quote(text)
	return Shorten(quoted[1 : len(quoted)-1])
}

// Shorten cuts an error text, which may quote a long part of the file.
func Shorten(text string) string {
	const limit = 300
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit]) + " ..."
	}
	return text
}
