package net

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// largestNumber is more than any number of a network; products stay far below an int's end.
const largestNumber = 1 << 40

// product is what a text such as 64, width, 4*in or in/4 comes to, from left to right. A quotient must be a whole number.
func product(text string, names map[string]int) (int, error) {
	value, rest, by := 1, text, byte('*')
	for {
		end := strings.IndexAny(rest, "*/")
		word := rest
		if end >= 0 {
			word = rest[:end]
		}
		n, err := factor(strings.TrimSpace(word), names)
		if err != nil {
			return 0, err
		}
		switch {
		case by == '*' && n > 0 && value > largestNumber/n:
			return 0, fmt.Errorf("%s is too large", text)
		case by == '*':
			value *= n
		case n == 0 || value%n != 0:
			return 0, fmt.Errorf("%s is %d/%d, no whole number", text, value, n)
		default:
			value /= n
		}
		if end < 0 {
			return value, nil
		}
		by, rest = rest[end], rest[end+1:]
	}
}

// factor is a number, or what a name stands for.
func factor(word string, names map[string]int) (int, error) {
	if n, ok := names[word]; ok {
		return n, nil
	}
	if n, err := strconv.Atoi(word); err == nil && n >= 0 && n <= largestNumber {
		return n, nil
	}
	known := slices.Sorted(maps.Keys(names))
	return 0, orMeant(fmt.Errorf("%q is neither a number nor %s", word, OneOf(known)), word, known)
}

// namesIn are the names that such a text has.
func namesIn(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '*' || r == '/' || r == ' ' })
}
