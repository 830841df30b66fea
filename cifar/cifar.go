// Package cifar holds what a network is trained on: the CIFAR-100 images in their published binary
// layout, or from the pickles of the Python version, with the names of their classes, their download into the user's cache folder, a synthetic
// set of the same form for machines without the data, the split into training and validation images,
// the order in which an epoch visits them, the draws of their augmentation, and the normalisation
// that turns a byte into a network's input.
//
// Everything that is drawn at random is a pure function of what is passed in: the seed, the epoch,
// the image. The package keeps no state in memory, and nothing in it knows a network or a GPU.
package cifar

// The form of the data set. An image is three planes (red, green, blue) of 32 rows of 32 bytes.
const (
	Classes       = 100 // fine labels, 0 to 99: what is trained
	CoarseClasses = 20  // coarse labels, 0 to 19: five fine ones each
	Channels      = 3
	Side          = 32
	ImageBytes    = Channels * Side * Side // one image, planes in order
	RecordBytes   = 2 + ImageBytes         // coarse label, fine label, image

	TrainRecords = 50_000
	TestRecords  = 10_000
)

// Set is a number of images with their labels. Index i means the same image in every slice: the
// record position in the file that the set was read from.
type Set struct {
	Images []byte  // (N, 3, 32, 32), 0 to 255
	Labels []uint8 // (N), fine, 0 to 99
	Coarse []uint8 // (N), 0 to 19

	// MD5 is the checksum, in hex, of the records in the published layout: that of the file where
	// the set was read from one. Splits and orders speak of record positions, so they mean the same
	// images only where this is the same.
	MD5       string
	Synthetic bool
	Name      string // for messages: "CIFAR-100 train", "synthetic (seed 42)"
	File      string // the name of the file that it was read from: "train.bin", or "train" of the Python version
}

// Len returns the number of images.
func (s *Set) Len() int { return len(s.Labels) }
