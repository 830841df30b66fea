// Package cifar holds what a network is trained on: the images of CIFAR-100 and of CIFAR-10 in their published binary
// layout, or from the pickles of the Python version, with the names of their classes, the download of CIFAR-100 into the user's cache
// folder, synthetic sets of any form for machines without the data, the split into training and validation images,
// the order in which an epoch visits them, the draws of their augmentation, and the normalisation
// that turns a byte into a network's input. Pictures of one's own are read by package imagefolder, below, into the same type Set.
//
// Everything that is drawn at random is a pure function of what is passed in: the seed, the epoch,
// the image. The package keeps no state in memory, and nothing in it knows a network or a GPU.
package cifar

// The form of the images of both published sets, three planes (red, green, blue) of 32 rows of 32 bytes, and of CIFAR-100's files.
const (
	Channels    = 3
	Side        = 32
	ImageBytes  = Channels * Side * Side // one image, planes in order
	RecordBytes = 2 + ImageBytes         // of CIFAR-100: coarse label, fine label, image

	TrainRecords = 50_000
	TestRecords  = 10_000
)

// Set is a number of images with their labels. Index i means the same image in every slice: the
// record position in the file that the set was read from, or in its files one after another.
type Set struct {
	Form   Form
	Images []byte  // (N, C, H, W), 0 to 255
	Labels []uint8 // (N), of the form's classes
	Coarse []uint8 // (N), of the form's coarse classes; nil where it has none

	// MD5 is the checksum, in hex, of the records in the published layout: that of the file where
	// the set was read from one. Splits and orders speak of record positions, so they mean the same
	// images only where this is the same.
	MD5       string
	Synthetic bool
	Name      string // for messages: "CIFAR-100 train", "synthetic (seed 42)"
	File      string // the name of the file that it was read from: "train.bin", or "train" of the Python version

	// Validation is how many images at the end are for validation because the data set says so; 0 where they are to be dealt.
	Validation int
	// Resize is how pictures of any size were brought to the form's, "" where the images are as they were published or made.
	Resize string
}

// Len returns the number of images.
func (s *Set) Len() int { return len(s.Labels) }

// Pictures says whether the set was made of picture files of any size.
func (s *Set) Pictures() bool { return s.Resize != "" }

// Pick is a set of some of the images, in that order, with memory of its own. It has no checksum.
func (s *Set) Pick(images []int) *Set {
	out := newSet(s.Form, len(images))
	out.Synthetic, out.Name, out.File, out.Resize = s.Synthetic, s.Name, s.File, s.Resize
	for to, from := range images {
		copy(out.image(to), s.image(from))
		out.Labels[to] = s.Labels[from]
		if s.Coarse != nil {
			out.Coarse[to] = s.Coarse[from]
		}
	}
	return out
}

// newSet is a set of n black images of the first classes.
func newSet(f Form, n int) *Set {
	s := &Set{Form: f, Images: make([]byte, n*f.ImageBytes()), Labels: make([]uint8, n)}
	if f.Coarse != nil {
		s.Coarse = make([]uint8, n)
	}
	return s
}

// image is the bytes of an image.
func (s *Set) image(i int) []byte {
	size := s.Form.ImageBytes()
	return s.Images[i*size:][:size]
}

// piece is a part of the set, which shares its memory.
func (s *Set) piece(first, n int) *Set {
	size := s.Form.ImageBytes()
	out := &Set{Form: s.Form, Images: s.Images[first*size:][:n*size], Labels: s.Labels[first:][:n]}
	if s.Coarse != nil {
		out.Coarse = s.Coarse[first:][:n]
	}
	return out
}
