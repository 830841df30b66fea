package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/engine"
	"cnnvk/internal/hints"
	"cnnvk/internal/pictures"
	"cnnvk/net"
)

func (p program) predictCommand() *cli.Command {
	return &cli.Command{
		Name:      "predict",
		Usage:     "name what pictures show",
		ArgsUsage: "IMAGE|DIR|- ...",
		Flags: append([]cli.Flag{
			weightsFlag(),
			&cli.IntFlag{Name: "k", Value: 5, Usage: "classes named for each picture, the most probable first"},
			resizeFlag("as the weights were trained"),
			&cli.PathFlag{Name: "out", Aliases: []string{"o"}, Usage: "`FILE` for a sheet of the pictures and what was found, a picture by its ending: .png or .jpg"},
			ofModelFlag(),
			deviceFlag(),
			noTuneFlag(),
			&cli.IntFlag{Name: "batch-size", Value: 128, Usage: "pictures predicted at once; it changes no result"},
			normalizeFlag(),
			jsonFlag(),
			&cli.BoolFlag{Name: "csv", Usage: "print a CSV table on standard output, a row for each picture and class, and nothing else there"},
		}, verbosityFlags()...),
		Action: p.predict,
	}
}

func (p program) predict(c *cli.Context) error {
	s, err := p.newConsole(c, c.Bool("json") || c.Bool("csv"))
	if err != nil {
		return err
	}
	if err := checkPredict(c); err != nil {
		return err
	}
	path, w, in, err := weightsNamed(c, s)
	if err != nil {
		return err
	}
	fit, err := fitOf(c, s, in)
	if err != nil {
		return err
	}
	r := &reader{shape: in.Image, fit: fit, thumbnails: c.String("out") != ""}
	if r.shape.C != 1 && r.shape.C != 3 {
		return fmt.Errorf("the weights in %s are for images of %d channels: pictures are grey or have 3", path, r.shape.C)
	}
	nameClasses(s, &in)
	table, err := tableFor(c, s, path, w, in)
	if err != nil {
		return err
	}
	found, unread := findPictures(c.Args().Slice(), c.App.Reader)
	out := newPredictions(c, s, in.Classes)
	for _, u := range unread {
		out.unread(u.name, u.err)
	}
	if len(found) > 0 {
		if err := predictAll(c, s, w, r, found, table, out); err != nil {
			return err
		}
	}
	return out.end(c, filepath.Base(path), w)
}

// checkPredict refuses what was typed wrongly, before anything is read.
func checkPredict(c *cli.Context) error {
	switch out := c.String("out"); {
	case !c.Args().Present():
		return hints.With(usagef("predict needs an IMAGE, a DIR of images, or - for standard input"), "cnnvk predict --weights runs/smallcifarnet photo.jpg")
	case c.String("weights") == "":
		return hints.With(usagef("predict needs --weights FILE"), whereWeights)
	case c.Int("k") < 1:
		return usagef("-k %d: use 1 or more", c.Int("k"))
	case c.Int("batch-size") < 1:
		return usagef("--batch-size %d: use 1 or more", c.Int("batch-size"))
	case c.IsSet("resize") && !slices.Contains(pictures.Fits, c.String("resize")):
		return usagef("--resize %q: use %s", c.String("resize"), net.OneOf(pictures.Fits))
	case c.Bool("json") && c.Bool("csv"):
		return usagef("--json and --csv: use one of them")
	case c.IsSet("out") && pictureEncoders[strings.ToLower(filepath.Ext(out))] == nil:
		return usagef("--out %s: use a name that ends in .png or .jpg", out)
	case times(standardInput, c.Args().Slice()) > 1:
		return usagef("- stands for standard input, which can be read once")
	}
	return nil
}

// times is how often a word is among words.
func times(word string, words []string) (n int) {
	for _, w := range words {
		if w == word {
			n++
		}
	}
	return n
}

// nameClasses gives classes without names those of CIFAR-100, if they are as many and for such images, or else a number.
func nameClasses(s *console, in *net.Input) {
	of := cifar.Form{C: in.Image.C, H: in.Image.H, W: in.Image.W, Classes: in.Classes}
	named := slices.ContainsFunc(in.Classes, func(name string) bool { return name != "" })
	if !named && of.Like(cifar.CIFAR100) {
		s.say("classes: as CIFAR-100 names them, for the weights do not say\n")
		in.Classes = cifar.CIFAR100.Classes
		return
	}
	in.Classes = slices.Clone(in.Classes)
	for label, name := range in.Classes {
		if name == "" {
			in.Classes[label] = fmt.Sprintf("class %d", label)
		}
	}
}

// tableFor is the network's input for each byte of each channel: normalised as eval does it, but that there is no data set to be measured.
func tableFor(c *cli.Context, s *console, path string, w *net.Weights, in net.Input) ([]float32, error) {
	form := cifar.Form{C: in.Image.C, H: in.Image.H, W: in.Image.W}
	known, unscaled := cifar.CIFAR100, make([]float64, form.C)
	switch {
	case in.Mean != nil && !slices.Equal(in.Mean, unscaled):
		form.Mean, form.Std = in.Mean, in.Std
	case known.C == form.C && known.H == form.H && known.W == form.W:
		form.Mean, form.Std = known.Mean, known.Std
	default:
		form.Mean, form.Std = unscaled, make([]float64, form.C) // no deviation: nobody knows it
	}
	set := &cifar.Set{Form: form}
	mean, std := normalizing(c, s, w, in)(set)
	if std[0] == 0 {
		return nil, hints.With(fmt.Errorf("the weights in %s do not say by which mean and deviation images are normalised", path), "--normalize=false only scales them to 0..1")
	}
	return dataOf(set, mean, std).Table, nil
}

// predictAll predicts the pictures in batches on the machine that --device names.
func predictAll(c *cli.Context, s *console, w *net.Weights, r *reader, found []source, table []float32, out *predictions) error {
	batches := (len(found)-1)/c.Int("batch-size") + 1
	batch := (len(found)-1)/batches + 1 // as large as each other
	shape := r.shape
	shape.N = batch
	return s.onMachine(machine.Options{Device: c.String("device")}, func(m *machine.Machine) error {
		need := func(batch int) (*engine.Layout, []*engine.Program, error) {
			d := shape
			d.N = batch
			return evaluationDemand(w, d)(batch)
		}
		if err := m.Admit(need, batch); err != nil {
			return err
		}
		out.Device, out.Driver = m.Device().Name, m.Device().Driver
		s.say("device: %s, %s\n", out.Device, out.Driver)
		if err := m.Tune(c.Context, machine.Tuning{Off: c.Bool("no-tune"), Kept: true}, need, batch); err != nil {
			return err
		}
		p, err := net.NewPredictor(c.Context, m, w, shape, table)
		if err != nil {
			return m.OrSmaller(err, need, batch)
		}
		err = predictBatches(c.Context, p, r, slices.Collect(slices.Chunk(found, batch)), out)
		if err == nil {
			m.LogMemory("after the prediction")
		}
		return errors.Join(err, p.Close())
	})
}

// predictBatches reads each batch while the one before it is predicted.
func predictBatches(ctx context.Context, p *net.Predictor, r *reader, batches [][]source, out *predictions) error {
	next := make(chan []reading, 1)
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error {
		defer close(next)
		for _, b := range batches {
			read := r.read(ctx, b)
			select {
			case next <- read:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	work.Go(func() error {
		for read := range next {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := predictBatch(p, read, out); err != nil {
				return err
			}
		}
		return nil
	})
	return work.Wait()
}

func predictBatch(p *net.Predictor, read []reading, out *predictions) error {
	var images []byte
	for _, r := range read {
		images = append(images, r.pixels...)
	}
	var logits [][]float64
	if len(images) > 0 {
		var err error
		if logits, err = p.Logits(images); err != nil {
			return err
		}
	}
	for _, r := range read {
		if r.err != nil {
			out.unread(r.name, r.err)
			continue
		}
		if err := out.add(r, logits[0]); err != nil {
			return err
		}
		logits = logits[1:]
	}
	return nil
}
