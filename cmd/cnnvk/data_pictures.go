package main

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/internal/pictures"
	"cnnvk/net"
	"cnnvk/net/training"
)

// What pictures of one's own are brought to where nobody says otherwise: the form of CIFAR's images, by torchvision's
// transforms.Resize((32, 32)).
var usualPictures = run.Pictures{ImageSize: cifar.Side, Resize: pictures.Fits[0], Channels: cifar.Channels}

// The sides of images that pictures are brought to.
const leastImageSize, mostImageSize = leastSide, 256

// pictureFlagNames are the flags about pictures by their keys in config.yaml.
var pictureFlagNames = map[string]string{"image_size": "image-size", "resize": "resize", "channels": "channels"}

// pictureFlags say what pictures of one's own are brought to.
func pictureFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "image-size", Category: onData, DefaultText: fmt.Sprint(usualPictures.ImageSize), Usage: "rows and columns to which pictures of your own are brought"},
		resizeFlag(usualPictures.Resize),
		&cli.IntFlag{Name: "channels", Category: onData, DefaultText: fmt.Sprint(usualPictures.Channels), Usage: "of pictures of your own: 3 for colours, or 1 for grey, as Pillow's convert('L')"},
	}
}

func resizeFlag(otherwise string) cli.Flag {
	return &cli.StringFlag{Name: "resize", Category: onData, DefaultText: otherwise, Usage: choice(pictures.Fits) + ": what happens to pictures of your own that are not square: " +
		"squeezed as by torchvision's Resize((S, S)), the middle as by Resize(S) and CenterCrop(S), or all of it between black bars"}
}

// picturesWanted are what pictures are brought to: as the flags say, else as the configuration says, else the usual.
func picturesWanted(c *cli.Context, conf run.Pictures) (run.Pictures, error) {
	as := usualPictures
	if conf.ImageSize != 0 {
		as.ImageSize = conf.ImageSize
	}
	if conf.Resize != "" {
		as.Resize = conf.Resize
	}
	if conf.Channels != 0 {
		as.Channels = conf.Channels
	}
	if c.IsSet("image-size") {
		as.ImageSize = c.Int("image-size")
	}
	if c.IsSet("resize") {
		as.Resize = c.String("resize")
	}
	if c.IsSet("channels") {
		as.Channels = c.Int("channels")
	}
	switch {
	case as.ImageSize < leastImageSize || as.ImageSize > mostImageSize:
		return as, &training.RecipeError{Key: "image_size", Value: as.ImageSize, Use: fmt.Sprintf("%d to %d", leastImageSize, mostImageSize)}
	case !slices.Contains(pictures.Fits, as.Resize):
		return as, &training.RecipeError{Key: "resize", Value: as.Resize, Use: net.OneOf(pictures.Fits)}
	case as.Channels != 1 && as.Channels != 3:
		return as, &training.RecipeError{Key: "channels", Value: as.Channels, Use: "1 or 3"}
	}
	return as, nil
}

// picturesOf is what a set's pictures were brought to; zero for sets of other kinds.
func picturesOf(set *cifar.Set) run.Pictures {
	if !set.Pictures() {
		return run.Pictures{}
	}
	return run.Pictures{ImageSize: set.Form.H, Resize: set.Resize, Channels: set.Form.C}
}

// inFit is how pictures were brought to a size, in words.
var inFit = map[string]string{string(pictures.Squash): "squashed", string(pictures.Crop): "cropped", string(pictures.Pad): "padded"}

// sayPictures says what was read.
func sayPictures(s *console, set *cifar.Set, where string) {
	validate := ""
	if set.Validation > 0 {
		validate = fmt.Sprintf("; %d of them validate", set.Validation)
	}
	f := set.Form
	s.say("data: %s in %s, %d pictures of %d classes, %s to %dx%dx%d%s\n", set.Name, where, set.Len(), len(f.Classes), inFit[set.Resize], f.H, f.W, f.C, validate)
}
