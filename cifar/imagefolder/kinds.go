package imagefolder

import (
	"path/filepath"
	"slices"
	"strings"

	"cnnvk/internal/pictures"
)

// unread are the endings of pictures that torchvision reads, or that cameras write, and this program does not: they count as pictures that
// cannot be read, since to pass over them in silence would leave out what the user wants in.
var unread = []string{".tif", ".tiff", ".ppm", ".pgm", ".heic", ".heif", ".avif", ".jxl", ".jp2"}

func ending(name string) string { return strings.ToLower(filepath.Ext(name)) }

// isTable says whether a file is a table by its ending.
func isTable(name string) bool { return slices.Contains([]string{".csv", ".tsv"}, ending(name)) }

// isPicture says whether a file counts as a picture by its ending.
func isPicture(name string) bool {
	return pictures.IsPicture(name) || slices.Contains(unread, ending(name))
}

// readKinds names the pictures that are read.
const readKinds = "PNG, JPEG, WebP, GIF and BMP are read"
