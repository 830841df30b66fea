package net

// Confusion counts, for images of each class, the classes that the network found for them.
type Confusion struct {
	Classes int
	Counts  []int // (Classes,Classes): row the label, column the prediction
}

// NewConfusion compares predictions with labels.
func NewConfusion(classes int, labels, predicted []uint8) Confusion {
	c := Confusion{classes, make([]int, classes*classes)}
	for i, label := range labels {
		c.Counts[int(label)*classes+int(predicted[i])]++
	}
	return c
}

// Row is what became of the images of a class.
func (c Confusion) Row(label int) []int { return c.Counts[label*c.Classes:][:c.Classes] }

// Class is how many images a class has, and how many of them were found to be of it.
func (c Confusion) Class(label int) (correct, total int) {
	for predicted, n := range c.Row(label) {
		total += n
		if predicted == label {
			correct = n
		}
	}
	return correct, total
}

// Rival is the class that images of a class are taken for most often, and how often; the first of equal ones.
func (c Confusion) Rival(label int) (rival, times int) {
	for predicted, n := range c.Row(label) {
		if predicted != label && n > times {
			rival, times = predicted, n
		}
	}
	return rival, times
}
