package main

import (
	"fmt"
	"strconv"
	"strings"

	"cnnvk/cifar"
	"cnnvk/internal/hints"
)

// synthetic is what --data and config.yaml call the data set that the program makes itself. Behind a colon may stand a form:
// synthetic:28x28x1:10 are images of 28 rows, 28 columns and 1 channel, of 10 classes.
const synthetic = "synthetic"

func isSynthetic(dir string) bool { return dir == synthetic || strings.HasPrefix(dir, synthetic+":") }

// The forms of synthetic images. What is larger would take a machine's memory for nothing.
const (
	leastSide, mostSide = 8, 128
	mostChannels        = 4
)

// The seeds of the synthetic sets.
const (
	trainSeed = iota
	testSeed
)

// made makes so many images for a name.
func (p program) made(name string, seed uint64, n int) (*cifar.Set, error) {
	form, err := syntheticForm(name)
	if err != nil {
		return nil, err
	}
	return cifar.SyntheticOf(form, seed, n), nil
}

// syntheticForm is the form that a name asks for. Its own name is the shortest for it.
func syntheticForm(name string) (cifar.Form, error) {
	if name == synthetic {
		return cifar.CIFAR100, nil
	}
	wrong := func(format string, args ...any) (cifar.Form, error) {
		return cifar.Form{}, hints.With(usagef("--data %s: %s", name, fmt.Sprintf(format, args...)), "--data synthetic:28x28x1:10 is 28 rows, 28 columns, 1 channel, 10 classes")
	}
	shape, count, _ := strings.Cut(strings.TrimPrefix(name, synthetic+":"), ":")
	sides := strings.Split(shape, "x")
	if len(sides) != 3 {
		return wrong("the shape %q is not of three numbers", shape)
	}
	var n [4]int
	for i, word := range append(sides, count) {
		var err error
		if n[i], err = strconv.Atoi(word); err != nil {
			return wrong("%q is no number", word)
		}
	}
	h, w, c, classes := n[0], n[1], n[2], n[3]
	switch {
	case min(h, w) < leastSide || max(h, w) > mostSide:
		return wrong("use %d to %d rows and columns", leastSide, mostSide)
	case c < 1 || c > mostChannels:
		return wrong("use 1 to %d channels", mostChannels)
	case classes < 2 || classes > cifar.MostSynthetic(c):
		return wrong("use 2 to %d classes with %d channels", cifar.MostSynthetic(c), c)
	}
	return cifar.SyntheticForm(fmt.Sprintf("%s:%dx%dx%d:%d", synthetic, h, w, c, classes), c, h, w, classes), nil
}
