package main

import (
	"io"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/net"
)

// dataVariable in the environment names the folder of the data set where no flag does.
const dataVariable = "CNNVK_DATA"

func dataFlag() cli.Flag {
	return &cli.PathFlag{
		Name:    "data",
		Usage:   "`DIR` with the files of CIFAR-100 or CIFAR-10, binary or Python version, or the archive of either, or with pictures of your own, or synthetic, as train takes it",
		EnvVars: []string{dataVariable},
	}
}

// trainDataFlag is dataFlag for train, where --config may name a folder, too. Its variable is read elsewhere, since the library would take
// it for the flag, which comes before --config.
func trainDataFlag() cli.Flag {
	return &cli.PathFlag{
		Name: "data",
		Usage: "`DIR` with the files of CIFAR-100 or CIFAR-10, binary or Python version, or the archive of either; or with pictures of your own, in a folder for each class " +
			"(CLASS/*.png, or train/CLASS/*.png beside val and test) or by a table of paths and labels (labels.csv, train.csv, or FILE.csv in place of DIR); or synthetic for images made up for trying out, in CIFAR-100's form or as in synthetic:28x28x1:10: height, width, channels and classes (default: the cache, or a download; without network, synthetic) [$" + dataVariable + "]",
	}
}

// trainingSet reads the training set and says which it is: that of --data, of the configuration, or what findData
// finds. dir is its folder, or the name of a synthetic one.
func (p program) trainingSet(c *cli.Context, s *console, conf run.Config) (set *cifar.Set, dir string, err error) {
	as, err := picturesWanted(c, conf.Pictures)
	if err != nil {
		return nil, "", recipeProblem(c, err)
	}
	dir, why := conf.Data, "--config"
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
	if dir == "" {
		dir = synthetic
	}
	d, err := p.dataSetAt(c, dir, progressTo(c, s), s.log)
	if err == nil {
		d.becoming(as)
		if d.pictures == nil && conf.Pictures != (run.Pictures{}) {
			s.log.Warn("image_size, resize and channels of the configuration are for pictures of your own: the images of " + files.Quote(dir) + " are as they are")
		}
		set, err = d.readTrain(c.Context)
	}
	switch {
	case err != nil && dir == conf.Data && (d == nil || d.pictures == nil) && !isUsage(err):
		return nil, "", hints.With(err, "--data DIR says where the run's images are now")
	case err != nil:
		return nil, "", err
	case set.Synthetic:
		s.say("data: %s, %d images, for trying out (%s)\n", dir, set.Len(), why)
	default:
		sayData(s, set, dir+" ("+why+")")
	}
	return set, dir, orNoValidation(c, conf.Recipe, set)
}

// progressTo is where downloading and unpacking show their progress.
func progressTo(c *cli.Context, s *console) io.Writer {
	if s.quiet {
		return io.Discard
	}
	return progressOn(s.progress, c.App.ErrWriter)
}

func sayData(s *console, set *cifar.Set, where string) {
	if set.Synthetic {
		s.say("data: %s, %d images of %s, for trying out\n", where, set.Len(), set.Name)
		return
	}
	if set.Pictures() {
		sayPictures(s, set, where)
		return
	}
	s.say("data: %s in %s, %d images, MD5 %s (%s)\n", set.Name, where, set.Len(), set.MD5, knownAs(set.Form.Name, set.MD5))
}

// knownAs says what a data set's file with that checksum is. Only CIFAR-100's are on record.
func knownAs(dataSet, md5 string) string {
	if known := cifar.Known(md5); known != "" {
		return known
	}
	if dataSet != cifar.CIFAR100.Name {
		return "there is none to compare with"
	}
	return "not a known checksum"
}

// dataOf hands a set of images to the trainer, which are normalised by that mean and deviation of each channel.
func dataOf(s *cifar.Set, mean, std []float64) net.Data {
	d := net.Data{Images: s.Images, Labels: s.Labels, Shape: imagesOf(s.Form, s.Len())}
	for _, channel := range cifar.InputTable(mean, std) {
		d.Table = append(d.Table, channel[:]...)
	}
	return d
}

// imagesOf is the shape of n images of a form.
func imagesOf(f cifar.Form, n int) net.ImageShape {
	return net.ImageShape{N: n, C: f.C, H: f.H, W: f.W}
}

// metadataName is a set's name in a run's files: its checksum, or synthetic.
func metadataName(set *cifar.Set) string {
	switch {
	case set.Synthetic && set.Form.Name == cifar.CIFAR100.Name:
		return synthetic
	case set.Synthetic:
		return set.Form.Name
	}
	return set.MD5
}
