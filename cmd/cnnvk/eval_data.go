package main

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/cifar/imagefolder"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/internal/pictures"
	"cnnvk/net"
)

// evalImages are what an evaluation is of.
type evalImages struct {
	*cifar.Set
	part string // "test", or what takes its place
	md5  string // of all that was read
}

// The parts that are evaluated, in words before "images".
const (
	partTest = "test"
	partVal  = "validation"
	partHeld = "held-out"
	partAll  = ""
)

// testSet reads the images to evaluate the weights on. Where pictures have no test part, it is their validation part, or what was held out of
// them when the weights were trained on them, or, if they were not, all.
func (p program) testSet(c *cli.Context, s *console, w *net.Weights, in net.Input) (*evalImages, error) {
	dir := c.String("data")
	if dir == "" {
		cache, err := files.CacheDir()
		cached := false
		if err == nil {
			dir, cached = p.source.Cached(cache)
		}
		if !cached {
			return nil, hints.With(usagef("eval needs the test set: --data DIR, or "+dataVariable),
				"cnnvk data download fetches it; DIR is a folder that holds CIFAR-100's test.bin, or CIFAR-10's test_batch.bin, or pictures of your own")
		}
	}
	d, err := p.dataSetAt(c, dir, progressTo(c, s), s.log)
	if err != nil {
		return nil, err
	}
	if d.pictures != nil {
		if err := d.becomingInput(c, s, in); err != nil {
			return nil, err
		}
	}
	set, err := d.readTest(c.Context)
	if err != nil {
		return nil, err
	}
	sayData(s, set, dir)
	if d.pictures == nil {
		return &evalImages{set, partTest, set.MD5}, nil
	}
	return d.evaluated(s, set, w.Metadata)
}

// becomingInput brings pictures to what weights take.
func (d *dataSet) becomingInput(c *cli.Context, s *console, in net.Input) error {
	d.options = imagefolder.Options{Height: in.Image.H, Width: in.Image.W, Channels: in.Image.C}
	if !slices.Contains(in.Classes, "") {
		d.options.Classes = in.Classes
	}
	var err error
	if d.options.Fit, err = fitOf(c, s, in); err != nil {
		return err
	}
	if in.Image.C != 1 && in.Image.C != 3 {
		return fmt.Errorf("the weights are for images of %d channels: pictures have 3, or 1", in.Image.C)
	}
	return nil
}

// fitOf is how pictures of other proportions are brought to the size that weights take: as --resize says, or else as they were trained.
func fitOf(c *cli.Context, s *console, in net.Input) (pictures.Fit, error) {
	switch {
	case c.IsSet("resize"):
		as, err := picturesWanted(c, run.Pictures{})
		return pictures.Fit(as.Resize), flagProblemOf(err, pictureFlagNames)
	case in.Resize == "":
		s.say("input: pictures are %s, for the weights do not say\n", inFit[usualPictures.Resize])
		return pictures.Fit(usualPictures.Resize), nil
	case !slices.Contains(pictures.Fits, in.Resize):
		return "", fmt.Errorf("the weights are for pictures that are brought to their size by %q, which this version does not know: use --resize %s", in.Resize, net.OneOf(pictures.Fits))
	}
	return pictures.Fit(in.Resize), nil
}

// evaluated says which of the pictures are evaluated.
func (d *dataSet) evaluated(s *console, set *cifar.Set, weights map[string]string) (*evalImages, error) {
	name := set.Form.Name
	switch d.pictures.ToEvaluate() {
	case imagefolder.Test:
		return &evalImages{set, partTest, set.MD5}, nil
	case imagefolder.Val:
		s.say("data: %s has no test part: its validation part is evaluated\n", name)
		return &evalImages{set, partVal, set.MD5}, nil
	}
	if weights[metaData] != set.MD5 {
		s.say("data: %s has no test part: all of it is evaluated. The weights were trained on other pictures, or these have changed since\n", name)
		return &evalImages{set, partAll, set.MD5}, nil
	}
	r, err := dealOf(weights)
	if err != nil {
		return nil, err
	}
	if r.ValidationRatio == 0 {
		return nil, hints.With(fmt.Errorf("the weights were trained on all pictures of %s: none is left to evaluate them on", d.dir), "--data with a folder of other pictures, or pictures in a test part: "+files.Quote(d.dir+"/test")+" beside train")
	}
	val, _ := deal(r, set)
	s.say("data: %s has no test part: the %d pictures that were held out of the training are evaluated\n", name, len(val))
	return &evalImages{set.Pick(val), partHeld, set.MD5}, nil
}
