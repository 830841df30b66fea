package main

import (
	"strconv"
	"strings"
)

// choice lists choices in a flag's usage, in place of its value's name.
func choice(of []string) string { return "`" + strings.Join(of, "|") + "`" }

func joinInts(list []int) string {
	var words []string
	for _, n := range list {
		words = append(words, strconv.Itoa(n))
	}
	return strings.Join(words, ",")
}

func parseInts(text string) ([]int, error) {
	var list []int
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}
