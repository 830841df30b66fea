package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/cifar/imagefolder"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/internal/pictures"
)

// dataSet is what --data, a configuration or a search names, before it is read.
type dataSet struct {
	program
	dir      string
	pictures *imagefolder.Source // nil for data sets of other kinds
	options  imagefolder.Options // of pictures
	progress io.Writer
	log      *slog.Logger
}

// dataSetAt looks at what a path holds. Flags about pictures are refused where it holds none.
func (p program) dataSetAt(c *cli.Context, dir string, progress io.Writer, log *slog.Logger) (*dataSet, error) {
	d := &dataSet{program: p, dir: dir, progress: progress, log: log}
	if !isSynthetic(dir) && !cifar.Holds(dir) {
		var err error
		if d.pictures, err = imagefolder.Find(c.Context, dir); err != nil {
			return nil, err
		}
	}
	if d.pictures == nil {
		for _, name := range slices.Sorted(maps.Values(pictureFlagNames)) {
			if c.IsSet(name) {
				return nil, usagef("--%s is for pictures of your own: the images of %s are as they are", name, dir)
			}
		}
	}
	return d, nil
}

// becoming says what pictures are brought to.
func (d *dataSet) becoming(as run.Pictures) {
	d.options = imagefolder.Options{Height: as.ImageSize, Width: as.ImageSize, Channels: as.Channels, Fit: pictures.Fit(as.Resize)}
}

// readTrain reads the images to train on, and behind them those to validate on where the data set has such. Bad pictures are warned of.
func (d *dataSet) readTrain(ctx context.Context) (*cifar.Set, error) {
	switch {
	case isSynthetic(d.dir):
		return d.made(d.dir, trainSeed, d.syntheticImages)
	case d.pictures == nil:
		return d.source.ReadTrain(ctx, d.dir, sayTo(d.progress))
	}
	parts, err := d.pictures.ToTrain()
	if err != nil {
		return nil, err
	}
	return d.readGood(ctx, parts...)
}

// readTest reads the images to evaluate on.
func (d *dataSet) readTest(ctx context.Context) (*cifar.Set, error) {
	switch {
	case isSynthetic(d.dir):
		return d.made(d.dir, testSeed, d.syntheticImages)
	case d.pictures == nil:
		return d.source.ReadTest(ctx, d.dir, sayTo(d.progress))
	}
	return d.readGood(ctx, d.pictures.ToEvaluate())
}

// mostWarnings is how many bad pictures are named in warnings.
const mostWarnings = 20

// readGood reads parts, warns of bad pictures, and refuses too many of them.
func (d *dataSet) readGood(ctx context.Context, parts ...imagefolder.Part) (*cifar.Set, error) {
	p, err := d.readPictures(ctx, parts...)
	if err != nil {
		return nil, err
	}
	for i, bad := range p.Bad {
		if i == mostWarnings {
			d.log.Warn(fmt.Sprintf("%d more pictures cannot be read, and are left out; data info lists them all", len(p.Bad)-i))
			break
		}
		d.log.Warn("a picture cannot be read, and is left out", "file", bad.File, "why", bad.Reason)
	}
	return p.Set, p.CheckBad(d.dir)
}

// readPictures reads parts of a data set of pictures, the bad ones among them.
func (d *dataSet) readPictures(ctx context.Context, parts ...imagefolder.Part) (*imagefolder.Pictures, error) {
	show := &decodeProgress{out: d.progress}
	defer show.end()
	o := d.options
	o.Progress = show.at
	o.Warn = func(what string, err error) { d.log.Warn(what, "error", err) }
	var err error
	if o.Cache, err = imagefolder.DefaultCache(); err != nil {
		o.Cache = imagefolder.Cache{} // then everything is decoded again the next time
	}
	return d.pictures.Read(ctx, o, parts...)
}
