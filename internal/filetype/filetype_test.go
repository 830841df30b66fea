package filetype

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestOf(t *testing.T) {
	const index = `{"metadata": {"total_size": 12}, "weight_map": {"a": "model-00001-of-00002.safetensors"`
	pixels := image.NewGray(image.Rect(0, 0, 2, 2))
	for _, c := range []struct {
		what string
		head []byte
		kind Kind
		name string // a part of it
	}{
		{"nothing", nil, Empty, "empty"},
		{"zeros", make([]byte, 5000), Zeros, "zeros"},
		{"safetensors", []byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"), Safetensors, "safetensors"},
		{"a header of more bytes than any file has", []byte("\x02\x00\x00\x00\x00\x00\x00\x7f{}"), Unknown, ""},

		{"Git LFS", text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 3071234\n"), LFSPointer, "Git LFS pointer"},
		{"Git LFS, copied by Windows", text("\ufeffversion https://git-lfs.github.com/spec/v1\r\noid sha256:4d7a\r\n"), LFSPointer, "Git LFS pointer"},
		{"Git LFS of the first days", text("version https://hawser.github.com/spec/v1\noid sha256:4d7a\n"), LFSPointer, "Git LFS pointer"},
		{"git-annex", text("/annex/objects/SHA256E-s30--4d7a.bin\n"), AnnexPointer, "git-annex pointer"},

		{"HTML", text("<!DOCTYPE html>\n<html>"), HTML, "HTML"},
		{"HTML in small letters", text("<!doctype html><title>Log in</title>"), HTML, "HTML"},
		{"HTML without a type", text("<html><head>"), HTML, "HTML"},
		{"HTML after blanks", text("\r\n\r\n   <HTML>"), HTML, "HTML"},
		{"HTML after a byte-order mark", text("\ufeff<!DOCTYPE html>"), HTML, "HTML"},
		{"HTML after a byte-order mark and blanks", text("\ufeff\n <!DOCTYPE html>"), HTML, "HTML"},
		{"HTML after a remark", text("<!-- a proxy --><html>"), HTML, "HTML"},
		{"HTML in UTF-16", utf16Text("<!DOCTYPE html><html>"), HTML, "HTML"},
		{"XHTML", text(`<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">`), HTML, "HTML"},
		{"an error of S3", text(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>`), XML, "XML"},

		{"a shard index", text(index + "}}"), ShardIndex, "index"},
		{"a long shard index", text(index + strings.Repeat(`, "b": "model"`, 1000)), ShardIndex, "index"},
		{"JSON", text(`{"architectures": ["ResNet"]}`), JSON, "JSON"},
		{"a list", text("\n[1, 2]"), JSON, "JSON"},
		{"YAML", text("model: smallcifarnet\nseed: 42\n"), Text, `text that begins with "model: smallcifarnet"`},
		{"an answer", text("404: Not Found"), Text, `"404: Not Found"`},
		{"an error in UTF-16", utf16Text("Grüße\r\n"), Text, `"Grüße"`},
		{"a long line", text(strings.Repeat("é", 100)), Text, `"` + strings.Repeat("é", 40) + `..."`},
		{"a script", text("#!/bin/sh\necho\n"), Text, "#!/bin/sh"},
		{"blanks", text(" \n\n"), Text, "blanks"},

		{"PyTorch", zipped(t, "archive/data.pkl"), PyTorch, ".pth"},
		{"PyTorch, by the file's name", zipped(t, "model best/data.pkl"), PyTorch, ".pth"},
		{"TorchScript", zipped(t, "model/constants.pkl"), PyTorch, ".pth"},
		{"TorchScript with files", zipped(t, "model/extra/config.json"), PyTorch, ".pth"},
		{"NumPy arrays", zipped(t, "arr_0.npy"), NumPyArchive, ".npz"},
		{"Keras of today", zipped(t, "metadata.json"), Keras, "Keras"},
		{"another zip", zipped(t, "data.pkl"), Zip, "zip"},
		{"an Office document", zipped(t, "[Content_Types].xml"), Zip, "zip"},
		{"an empty zip", text("PK\x05\x06" + strings.Repeat("\x00", 18)), Zip, "zip"},
		{"a zip cut in its first name", zipped(t, "archive/data.pkl")[:34], Zip, "zip"},
		{"a zip of 4 bytes", text("PK\x03\x04"), Zip, "zip"},

		{"PyTorch before 1.6", text("\x80\x02" + torchMagic + "\x80\x02M\xe9\x03."), PyTorchPickle, "before 1.6"},
		{"CIFAR-100 for Python", text("\x80\x02}q\x01(U\x09filenamesq\x02]"), Pickle, "pickle"},
		{"joblib", text("\x80\x04\x95\x20\x00\x00\x00\x00\x00\x00\x00}\x94"), Pickle, "pickle"},
		{"protocol 0, a dict", text("(dp0\nS'data'\np1\n"), Pickle, "pickle"},
		{"protocol 0, an object", text("ccollections\nOrderedDict\np0\n"), Pickle, "pickle"},
		{"protocol 1, a dict", text("}q\x00(X\x04\x00\x00\x00data"), Pickle, "pickle"},

		{"a NumPy array", text("\x93NUMPY\x01\x00v\x00{'descr': '<f4'"), NumPyArray, ".npy"},
		{"HDF5", text("\x89HDF\r\n\x1a\n\x00\x00\x00\x00\x00\x08\x08\x00"), HDF5, "HDF5"},
		{"GGUF", text("GGUF\x03\x00\x00\x00"), GGUF, "GGUF"},
		{"ONNX of PyTorch", text("\x08\x07\x12\x07pytorch\x1a\x062.10.0:\xb4\x1b"), ONNX, "ONNX"},
		{"ONNX of the onnx package", text("\x08\x0a:\xb4\x1b\x0a\x0f\x0a\x01x"), ONNX, "ONNX"},
		{"ONNX, opset first", text("\x08\x08B\x04\x0a\x00\x10\x11:\x50"), ONNX, "ONNX"},
		{"a SavedModel", text("\x08\x01\x12\xf2\x9e\x03\x0a\xd8\x96\x01"), TensorFlow, "SavedModel"},
		{"TensorFlow Lite", text("\x1c\x00\x00\x00TFL3\x00\x00"), TensorFlow, "Lite"},

		{"gzip", gzipped(t), Gzip, "gzip"},
		{"tar", tarred(t), Tar, "tar"},
		{"xz", text("\xfd7zXZ\x00\x00\x04"), Archive, "xz"},
		{"bzip2", text("BZh91AY&SY"), Archive, "bzip2"},
		{"zstd", text("\x28\xb5\x2f\xfd\x24\x00\x01\x00\x00"), Archive, "zstd"},
		{"7z", text("7z\xbc\xaf\x27\x1c\x00\x04"), Archive, "7z"},
		{"RAR", text("Rar!\x1a\x07\x01\x00"), Archive, "RAR"},

		{"PNG", encoded(t, func(w io.Writer) error { return png.Encode(w, pixels) }), Picture, "PNG"},
		{"JPEG", encoded(t, func(w io.Writer) error { return jpeg.Encode(w, pixels, nil) }), Picture, "JPEG"},
		{"GIF", encoded(t, func(w io.Writer) error { return gif.Encode(w, pixels, nil) }), Picture, "GIF"},
		{"WebP", text("RIFF\x24\x00\x00\x00WEBPVP8 "), Picture, "WebP"},
		{"SVG", text(`<svg xmlns="http://www.w3.org/2000/svg">`), Picture, "SVG"},
		{"PDF", text("%PDF-1.7\n%\xe2\xe3"), Document, "PDF"},
		{"ELF", text("\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x03\x00\x3e\x00"), Program, "ELF"},
	} {
		got := Of(c.head)
		if got.Kind != c.kind || !strings.Contains(got.Name, c.name) || (got.Name == "") != (c.kind == Unknown) || strings.Contains(got.Name, "\n") {
			t.Errorf("%s: kind %d, %q, want kind %d and %q", c.what, got.Kind, got.Name, c.kind, c.name)
		}
		for n := range min(len(c.head), 200) { // whatever is cut off, nothing panics
			Of(c.head[:n])
		}
	}
}

// Raw values are taken for nothing else, but for the few that begin like a pickle.
func TestOfRawValues(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	taken := map[string]int{}
	const files = 50_000
	for range files {
		head := make([]byte, 64)
		for at := 0; at < len(head); at += 8 {
			binary.LittleEndian.PutUint64(head[at:], r.Uint64())
		}
		if got := Of(head); got.Kind != Unknown {
			taken[got.Name]++
		}
	}
	for name, times := range taken {
		if times > files/5000 {
			t.Errorf("of %d files of noise %d are %s", files, times, name)
		}
	}
}

func text(s string) []byte { return []byte(s) }

// utf16Text is what PowerShell writes to a file: UTF-16 with a byte-order mark.
func utf16Text(s string) []byte {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return out
}

func encoded(t *testing.T, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zipped is an archive of one entry.
func zipped(t *testing.T, name string) []byte {
	return encoded(t, func(w io.Writer) error {
		z := zip.NewWriter(w)
		entry, err := z.Create(name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(entry, "content"); err != nil {
			return err
		}
		return z.Close()
	})
}

func gzipped(t *testing.T) []byte {
	return encoded(t, func(w io.Writer) error {
		z := gzip.NewWriter(w)
		if _, err := io.WriteString(z, "content"); err != nil {
			return err
		}
		return z.Close()
	})
}

func tarred(t *testing.T) []byte {
	return encoded(t, func(w io.Writer) error {
		z := tar.NewWriter(w)
		if err := z.WriteHeader(&tar.Header{Name: "cifar-100-binary/train.bin", Mode: 0o644, Size: 7}); err != nil {
			return err
		}
		if _, err := io.WriteString(z, "content"); err != nil {
			return err
		}
		return z.Close()
	})
}
