package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/safetensors"
	"cnnvk/net/torchfile"
)

// format is a form of weights that convert writes, by the ending of the file.
type format struct {
	ending string
	write  func(c *cli.Context, s *console, w *net.Weights, path string) error
}

var formats = []format{
	{".safetensors", writeTensors(safetensors.Write)},
	{".pt", writeTensors(torchfile.Write)},
	{".pth", writeTensors(torchfile.Write)},
	{onnxEnding, writeONNX},
}

// writeTensors is how a form is written that holds the tensors as they are.
func writeTensors(write func(path string, tensors []safetensors.Tensor, metadata map[string]string) error) func(*cli.Context, *console, *net.Weights, string) error {
	return func(_ *cli.Context, _ *console, w *net.Weights, path string) error {
		tensors, metadata, err := w.File()
		if err != nil {
			return err
		}
		return write(path, tensors, metadata)
	}
}

func (p program) convertCommand() *cli.Command {
	return &cli.Command{
		Name:      "convert",
		Usage:     "write weights in another form, by the ending of OUT: " + endings(),
		ArgsUsage: "IN OUT",
		Flags: slices.Concat([]cli.Flag{
			modelFlag("the network of weights that do not say it: `NAME` of one that is built in, or a FILE.yaml of your own", "as the weights say"),
			&cli.BoolFlag{Name: "force", Usage: "replace OUT if it exists"},
		}, onnxFlags(), verbosityFlags()),
		Action: p.convert,
	}
}

func (p program) convert(c *cli.Context) error {
	s, err := p.newConsole(c, false)
	if err != nil {
		return err
	}
	in, out, err := inAndOut(c)
	if err != nil {
		return err
	}
	to := formatOf(out)
	if to == nil {
		return usagef("%s: use a name that ends in %s", out, endings())
	}
	if err := checkONNXFlags(c, to); err != nil {
		return err
	}
	if err := checkFree(out, c.Bool("force")); err != nil {
		return err
	}
	w, err := tellWeights(c, s, in, weightsIn(in), "cnnvk convert %s OUT")
	if err != nil {
		return err
	}
	if err := to.write(c, s, w, out); err != nil {
		return err
	}
	s.result("%s: %s, %d parameters\n", out, w.Model.Name, w.Model.Parameters())
	return nil
}

func endings() string {
	var out []string
	for _, f := range formats {
		out = append(out, f.ending)
	}
	return net.OneOf(out)
}

// formatOf is the form that a file's ending names, nil for none.
func formatOf(path string) *format {
	for i, f := range formats {
		if strings.EqualFold(filepath.Ext(path), f.ending) {
			return &formats[i]
		}
	}
	return nil
}

// inAndOut are the two arguments.
func inAndOut(c *cli.Context) (in, out string, err error) {
	words := c.Args().Slice()
	for i, word := range words {
		if words[i], err = files.FromHome(word); err != nil {
			return "", "", usagef("%s: %w", word, err)
		}
	}
	if len(words) != 2 {
		return "", "", hints.With(usagef("convert needs two files, IN and OUT: %d given", len(words)), examples["cnnvk convert"][0])
	}
	return words[0], words[1], nil
}

// checkFree refuses a file that exists, unless force is set.
func checkFree(path string, force bool) error {
	_, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && force:
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", path, files.Reason(err))
	}
	return hints.With(fmt.Errorf("%s exists", path), "--force replaces it")
}
