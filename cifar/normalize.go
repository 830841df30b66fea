package cifar

// Mean and Std are the training set's statistics per channel, of pixels scaled to 0..1, as the
// recipe rounds them.
var (
	Mean = [Channels]float64{0.5071, 0.4867, 0.4408}
	Std  = [Channels]float64{0.2675, 0.2565, 0.2761}
)

// ScaleMean and ScaleStd leave pixels scaled to 0..1 as they are.
var (
	ScaleMean = [Channels]float64{0, 0, 0}
	ScaleStd  = [Channels]float64{1, 1, 1}
)

// NormalizeTable is InputTable of the recipe's statistics.
func NormalizeTable() [Channels][256]float32 { return InputTable(Mean, Std) }

// InputTable returns the network's input for each channel and pixel value: t[c][x] = (x/255 - mean[c]) / std[c], in
// float32 with a rounding after each operation, which is what torchvision's ToTensor and Normalize compute, to the bit.
// Every executor starts from it.
func InputTable(mean, std [Channels]float64) [Channels][256]float32 {
	var table [Channels][256]float32
	for c := range table {
		m, s := float32(mean[c]), float32(std[c])
		for x := range table[c] {
			// The conversions forbid the compiler to fuse the operations.
			unit := float32(float32(x) / 255)
			table[c][x] = float32(float32(unit-m) / s)
		}
	}
	return table
}
