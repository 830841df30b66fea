package cifar

import "fmt"

// Form is what the images of a data set have in common.
type Form struct {
	Name    string   // "CIFAR-100"
	C, H, W int      // an image is C planes of H rows of W bytes
	Classes []string // their names by label; 256 at most
	Coarse  []string // the names of the coarse classes by coarse label; nil where a label stands alone

	// Mean and Std are the training set's statistics per channel, of pixels scaled to 0..1, where they are known beforehand, else nil: see
	// Set.Statistics.
	Mean, Std []float64
}

// CIFAR100 and CIFAR10 are the published sets. The mean and deviation of CIFAR-100 are as the recipe rounds them; those of CIFAR-10 are
// the ones in common use, to four digits.
var (
	CIFAR100 = Form{
		Name: "CIFAR-100", C: Channels, H: Side, W: Side, Classes: fineNames, Coarse: coarseNames,
		Mean: []float64{0.5071, 0.4867, 0.4408}, Std: []float64{0.2675, 0.2565, 0.2761},
	}
	CIFAR10 = Form{
		Name: "CIFAR-10", C: Channels, H: Side, W: Side, Classes: names10,
		Mean: []float64{0.4914, 0.4822, 0.4465}, Std: []float64{0.2470, 0.2435, 0.2616},
	}
)

// ImageBytes is the length of an image.
func (f Form) ImageBytes() int { return f.C * f.H * f.W }

// RecordBytes is the length of an image with its labels in the published layout: the coarse label where there are coarse classes, the
// label, and the planes.
func (f Form) RecordBytes() int { return f.labelBytes() + f.ImageBytes() }

func (f Form) labelBytes() int {
	if f.Coarse != nil {
		return 2
	}
	return 1
}

// String is the form in words: "100 classes of images of 32x32x3".
func (f Form) String() string {
	return fmt.Sprintf("%d classes of images of %dx%dx%d", len(f.Classes), f.H, f.W, f.C)
}

// Like says whether a network for images of the one form takes those of the other.
func (f Form) Like(other Form) bool {
	return f.C == other.C && f.H == other.H && f.W == other.W && len(f.Classes) == len(other.Classes)
}
