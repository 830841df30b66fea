package main

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/net"
)

// dataVariable in the environment names the folder of the data set where no flag does.
const dataVariable = "CNNVK_DATA"

func dataFlag() cli.Flag {
	return &cli.PathFlag{
		Name:    "data",
		Usage:   "`DIR` with CIFAR-100's train.bin and test.bin, or the Python version's train and test, or the archive of either",
		EnvVars: []string{dataVariable},
	}
}

// trainDataFlag is dataFlag for train, where --config may name a folder, too. Its variable is read elsewhere, since the library would take
// it for the flag, which comes before --config.
func trainDataFlag() cli.Flag {
	return &cli.PathFlag{
		Name: "data",
		Usage: "`DIR` with CIFAR-100's train.bin, or the Python version's train, or the archive of either, or synthetic for images made up for trying out (default: the cache, " +
			"or a download; without network, synthetic) [$" + dataVariable + "]",
	}
}

// synthetic is what --data and config.yaml call the data set that the program makes itself.
const synthetic = "synthetic"

// trainingSet reads the training set and says which it is: that of --data, of the configuration, or what findData
// finds. dir is its folder, or synthetic.
func (p program) trainingSet(c *cli.Context, s *console, configured string) (set *cifar.Set, dir string, err error) {
	dir, why := configured, "--config"
	if c.String("resume") != "" {
		why = "--resume"
	}
	if c.IsSet("data") {
		dir, why = c.String("data"), "--data"
	}
	if dir == "" {
		if dir, why, err = p.findData(c.Context, progressTo(c, s)); err != nil {
			return nil, "", err
		}
	}
	if dir == "" || dir == synthetic {
		s.say("data: synthetic, %d images, for trying out (%s)\n", p.syntheticImages, why)
		return cifar.Synthetic(0, p.syntheticImages), synthetic, nil
	}
	if set, err = p.source.ReadTrain(c.Context, dir, sayTo(progressTo(c, s))); err != nil {
		if dir == configured {
			err = hints.With(err, "--data DIR says where the run's images are now")
		}
		return nil, "", err
	}
	sayData(s, set, dir+" ("+why+")")
	return set, dir, nil
}

// progressTo is where downloading and unpacking show their progress.
func progressTo(c *cli.Context, s *console) io.Writer {
	if s.quiet {
		return io.Discard
	}
	return progressOn(s.progress, c.App.ErrWriter)
}

func sayTo(out io.Writer) func(string) {
	return func(line string) { fmt.Fprintln(out, "data: "+line) }
}

func sayData(s *console, set *cifar.Set, where string) {
	s.say("data: %s in %s, %d images, MD5 %s (%s)\n", set.Name, where, set.Len(), set.MD5, knownAs(set.MD5))
}

func knownAs(md5 string) string {
	if known := cifar.Known(md5); known != "" {
		return known
	}
	return "not a known checksum"
}

// testSet reads the test set, which no command but eval and data info opens.
func (p program) testSet(c *cli.Context, s *console) (*cifar.Set, error) {
	dir := c.String("data")
	if dir == "" {
		cache, err := files.CacheDir()
		cached := false
		if err == nil {
			dir, cached = p.source.Cached(cache)
		}
		if !cached {
			return nil, hints.With(usagef("eval needs the test set: --data DIR, or "+dataVariable),
				"cnnvk data download fetches it; DIR is a folder that holds CIFAR-100's test.bin")

		}
	}
	set, err := p.source.ReadTest(c.Context, dir, sayTo(progressTo(c, s)))
	if err != nil {
		return nil, err
	}
	sayData(s, set, dir)
	return set, nil
}

// dataOf hands a set of images to the trainer.
func dataOf(s *cifar.Set, table [cifar.Channels][256]float32) net.Data {
	d := net.Data{Images: s.Images, Labels: s.Labels, Shape: imagesOf(s.Len())}
	for _, channel := range table {
		d.Table = append(d.Table, channel[:]...)
	}
	return d
}

// imagesOf is the shape of n of CIFAR's images.
func imagesOf(n int) net.ImageShape {
	return net.ImageShape{N: n, C: cifar.Channels, H: cifar.Side, W: cifar.Side}
}

// metadataName is a set's name in a run's files: its checksum, or synthetic.
func metadataName(set *cifar.Set) string {
	if set.Synthetic {
		return synthetic
	}
	return set.MD5
}
