// Package filetype tells by a file's first bytes what it is. It knows what people hand to this program in place of weights and data sets:
// models in other forms, archives, pages of a web server, pointers of a version control system.
package filetype

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/gabriel-vasile/mimetype"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// HeadBytes is how much of a file is looked at. Of takes fewer bytes where the file has no more.
const HeadBytes = 4096

// Kind is what a file is, for decisions.
type Kind int

// The kinds of files. Unknown is everything else, as raw values are.
const (
	Unknown      Kind = iota
	Empty             // no byte
	Zeros             // a download that was given its size and no content
	LFSPointer        // Git LFS
	AnnexPointer      // git-annex
	HTML
	XML
	JSON
	ShardIndex // JSON that says in which files a model's tensors are
	Text
	Safetensors
	PyTorch // torch.save of PyTorch 1.6 and later, a zip; also TorchScript
	PyTorchPickle
	Pickle
	NumPyArray
	NumPyArchive
	HDF5 // and so Keras
	Keras
	ONNX
	TensorFlow
	GGUF
	Gzip
	Zip
	Tar
	Archive // of another form
	Data    // tables and arrays of other programs
	Picture
	Document
	Program
)

// Type is a file's kind and the words for it in a message: "a picture (PNG)".
type Type struct {
	Kind Kind
	Name string
}

// Of tells what the file is that begins with those bytes. An unknown one has no name.
func Of(head []byte) Type {
	head = head[:min(len(head), HeadBytes)]
	if len(head) == 0 {
		return Type{Empty, "an empty file"}
	}
	if len(bytes.Trim(head, "\x00")) == 0 && len(head) >= 16 {
		return Type{Zeros, "a file of zeros"}
	}
	if isSafetensors(head) {
		return Type{Safetensors, "a safetensors file"}
	}
	for _, find := range []func([]byte) Type{ofPrefix, ofZip, ofPickle, ofProtobuf} {
		if t := find(head); t.Kind != Unknown {
			return t
		}
	}
	return ofMIME(plainText(head))
}

// isSafetensors says whether the bytes are the length of a header, below a tebibyte, and then the start of a JSON object.
func isSafetensors(head []byte) bool {
	return len(head) > 8 && head[8] == '{' && binary.LittleEndian.Uint64(head) < 1<<40
}

// prefixes are the beginnings of files that the library does not know.
var prefixes = []struct {
	bytes string
	Type
}{
	{"\x93NUMPY", Type{NumPyArray, "a NumPy array (.npy)"}},
	{"\x89HDF\r\n\x1a\n", Type{HDF5, "an HDF5 file, as Keras writes"}},
	{"GGUF", Type{GGUF, "a GGUF model"}},
	{"tjgg", Type{GGUF, "a GGML model"}},
	{"lmgg", Type{GGUF, "a GGML model"}},
	{"fmgg", Type{GGUF, "a GGML model"}},
	{"MATLAB ", Type{Data, "a MATLAB file"}},
	{"PAR1", Type{Data, "a Parquet file"}},
	{"ARROW1", Type{Data, "an Arrow file"}},
	{"PK\x05\x06", Type{Zip, "an empty zip archive"}},
}

func ofPrefix(head []byte) Type {
	for _, p := range prefixes {
		if bytes.HasPrefix(head, []byte(p.bytes)) {
			return p.Type
		}
	}
	if len(head) >= 8 && string(head[4:8]) == "TFL3" {
		return Type{TensorFlow, "a TensorFlow Lite model"}
	}
	return Type{}
}

// pointers are the beginnings of the texts that stand for a large file in a repository.
var pointers = []struct {
	text string
	Type
}{
	{"version https://git-lfs.github.com/", Type{LFSPointer, "a Git LFS pointer"}},
	{"version https://hawser.github.com/", Type{LFSPointer, "a Git LFS pointer"}},
	{"version http://git-media.io/", Type{LFSPointer, "a Git LFS pointer"}},
	{"/annex/objects/", Type{AnnexPointer, "a git-annex pointer"}},
}

// mimes are the library's types that are named. Those that it tells by two or three bytes alone are not: raw values would be mistaken
// for them.
var mimes = map[string]Type{
	"text/html":             {HTML, "a web page (HTML)"},
	"application/xhtml+xml": {HTML, "a web page (HTML)"},
	"text/xml":              {XML, "an XML document"},
	"application/json":      {JSON, "a JSON file"},
	"text/plain":            {Text, ""},

	"application/gzip":               {Gzip, "a gzip archive"},
	"application/zip":                {Zip, "a zip archive"},
	"application/x-tar":              {Tar, "a tar archive"},
	"application/x-xz":               {Archive, "an xz archive"},
	"application/x-bzip2":            {Archive, "a bzip2 archive"},
	"application/zstd":               {Archive, "a zstd archive"},
	"application/lzip":               {Archive, "an lzip archive"},
	"application/x-7z-compressed":    {Archive, "a 7z archive"},
	"application/vnd.rar":            {Archive, "a RAR archive"},
	"application/x-archive":          {Archive, "an ar archive"},
	"application/x-cpio":             {Archive, "a cpio archive"},
	"application/vnd.sqlite3":        {Data, "an SQLite database"},
	"application/x-rpm":              {Archive, "an RPM package"},
	"application/x-ole-storage":      {Document, "an Office document"},
	"application/pdf":                {Document, "a PDF"},
	"application/postscript":         {Document, "a PostScript file"},
	"text/rtf":                       {Document, "an RTF document"},
	"application/x-elf":              {Program, "a program or library (ELF)"},
	"application/x-mach-binary":      {Program, "a program or library (Mach-O)"},
	"application/x-java-applet":      {Program, "a Java class"},
	"application/wasm":               {Program, "a WebAssembly module"},
	"application/x-chrome-extension": {Program, "a browser extension"},

	"image/png":     {Picture, "a picture (PNG)"},
	"image/jpeg":    {Picture, "a picture (JPEG)"},
	"image/gif":     {Picture, "a picture (GIF)"},
	"image/webp":    {Picture, "a picture (WebP)"},
	"image/bmp":     {Picture, "a picture (BMP)"},
	"image/tiff":    {Picture, "a picture (TIFF)"},
	"image/svg+xml": {Picture, "a picture (SVG)"},
	"image/avif":    {Picture, "a picture (AVIF)"},
	"image/heic":    {Picture, "a picture (HEIC)"},
	"image/jxl":     {Picture, "a picture (JPEG XL)"},
	"video/mp4":     {Picture, "a video (MP4)"},
	"video/webm":    {Picture, "a video (WebM)"},
}

// ofMIME asks the library, whose types are a tree: an Office document of today is a zip archive, a script is text.
func ofMIME(head []byte) Type {
	for m := mimetype.Detect(head); m != nil; m = m.Parent() {
		name, _, _ := strings.Cut(m.String(), ";")
		t, known := mimes[name]
		switch {
		case !known:
			continue
		case t.Kind == Text:
			return ofText(head)
		case t.Kind == JSON && bytes.Contains(head, []byte(`"weight_map"`)):
			return Type{ShardIndex, "an index of a model in several files"}
		}
		return t
	}
	return Type{}
}

// ofText names what is no more than text, by its first line, which often says why it is there: "404: Not Found".
func ofText(head []byte) Type {
	const limit = 40
	text := bytes.TrimSpace(head)
	for _, p := range pointers {
		if bytes.HasPrefix(text, []byte(p.text)) {
			return p.Type
		}
	}
	line, _, _ := strings.Cut(string(text), "\n")
	line = strings.TrimSpace(line)
	if short := []rune(line); len(short) > limit {
		line = string(short[:limit]) + "..."
	}
	if line == "" {
		return Type{Text, "a file of blanks"}
	}
	return Type{Text, fmt.Sprintf("a text that begins with %q", line)}
}

// plainText drops a byte-order mark, and makes UTF-8 of the UTF-16 that it announces. Other bytes stay as they are.
func plainText(head []byte) []byte {
	text, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), head)
	if err != nil {
		return head
	}
	return text
}
