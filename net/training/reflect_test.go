package training

import (
	"fmt"
	"slices"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/net"
)

// Crops of torch.nn.functional.pad(image, (2, 2, 2, 2), mode="reflect"), the last one flipped; the image counts from 1.
func TestReflectPadding(t *testing.T) {
	t.Parallel()
	const h, w = 3, 4
	d := net.Data{Shape: net.ImageShape{N: 1, C: 3, H: h, W: w}, Table: make([]float32, 3*256)}
	for i := range 3 * h * w {
		d.Images = append(d.Images, byte(i%(h*w)+1))
	}
	for i := range d.Table {
		d.Table[i] = float32(i % 256)
	}
	got, err := Augmented(t.Context(), cpu.New(), d, 0, []engine.Draw{
		{Top: -2, Left: 2, Reflect: true}, {Top: 2, Left: -2, Reflect: true}, {Top: 2, Left: -2, Reflect: true, Flip: true}, {Top: 2, Left: -2},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float64{
		{11, 12, 11, 10, 7, 8, 7, 6, 3, 4, 3, 2}, {11, 10, 9, 10, 7, 6, 5, 6, 3, 2, 1, 2}, {10, 9, 10, 11, 6, 5, 6, 7, 2, 1, 2, 3},
		{0, 0, 9, 10, 0, 0, 0, 0, 0, 0, 0, 0},
	} {
		for c := range 3 {
			if plane := got[(i*3+c)*h*w:][:h*w]; !slices.Equal(plane, want) {
				t.Error(fmt.Sprint(i, c), plane, "want", want)
			}
		}
	}
}
