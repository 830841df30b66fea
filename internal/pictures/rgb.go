package pictures

import "fmt"

// RGB is a picture.
type RGB struct {
	Width, Height int
	Pix           []byte // 3 bytes a pixel, rows from the top
}

func newRGB(width, height int) *RGB {
	return &RGB{width, height, make([]byte, 3*width*height)}
}

// MaxBytes is how much memory a picture may take while it is decoded: its file, and its pixels in every form that they pass through.
// That is 37 million pixels of an ordinary PNG, 33 million of a JPEG, 14 million of a progressive one. The whole program stays below 200 MB then.
const MaxBytes = 150e6

// checkSize refuses a picture without pixels, or one that takes more than MaxBytes at so many bytes a pixel, beside its file.
func checkSize(data []byte, width, height int, bytesPerPixel float64) error {
	if width < 1 || height < 1 {
		return fmt.Errorf("%dx%d pixels", width, height)
	}
	if need := float64(len(data)) + float64(width)*float64(height)*bytesPerPixel; need > MaxBytes {
		return fmt.Errorf("%dx%d pixels take %.0f MB of memory, a picture may take %d MB", width, height, need/1e6, int(MaxBytes/1e6))
	}
	return nil
}
