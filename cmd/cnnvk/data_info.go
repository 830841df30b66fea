package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

func (p program) dataInfoCommand() *cli.Command {
	return &cli.Command{
		Name:  "info",
		Usage: "count the records and classes of a copy of CIFAR-100 or CIFAR-10, training and test set, and say which they are",
		Flags: []cli.Flag{
			dataFlag(),
			jsonFlag(),
		},
		Action: p.dataInfo,
	}
}

// dataDescription is what data info --json prints.
type dataDescription struct {
	Folder  string            `json:"folder"`
	DataSet string            `json:"data_set"` // "CIFAR-100"
	Image   []int             `json:"image"`    // (C,H,W)
	Names   []string          `json:"class_names"`
	Files   []fileDescription `json:"files"`
}

type fileDescription struct {
	File          string `json:"file"`
	Records       int    `json:"records"`
	Classes       int    `json:"classes"` // that occur
	MinPerClass   int    `json:"min_per_class"`
	MaxPerClass   int    `json:"max_per_class"`
	CoarseClasses int    `json:"coarse_classes"` // that occur, of CIFAR-100
	MD5           string `json:"md5"`
	Known         string `json:"known"` // "published", "reordered" or ""
}

// dataInfo may open the test file: nothing is trained here, and only labels are counted.
func (p program) dataInfo(c *cli.Context) error {
	d := dataDescription{Folder: c.String("data")}
	if d.Folder == "" {
		cache, err := files.CacheDir()
		if err != nil {
			return err
		}
		var ok bool
		if d.Folder, ok = p.source.Cached(cache); !ok {
			return hints.With(fmt.Errorf("there is no whole data set in %s", d.Folder), "cnnvk data download, or name a folder: --data DIR")
		}
	}
	for _, read := range []func(context.Context, string, func(string)) (*cifar.Set, error){p.readTrain, p.readTest} {
		set, err := read(c.Context, d.Folder, sayTo(c.App.ErrWriter))
		if err != nil {
			return err
		}
		f := set.Form
		d.DataSet, d.Image, d.Names = f.Name, []int{f.C, f.H, f.W}, f.Classes
		d.Files = append(d.Files, describe(set))
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(d)
	}
	d.print(c.App.Writer)
	return nil
}

func describe(s *cifar.Set) fileDescription {
	fine, coarse := make([]int, len(s.Form.Classes)), make([]int, len(s.Form.Coarse))
	for _, label := range s.Labels {
		fine[label]++
	}
	for _, label := range s.Coarse {
		coarse[label]++
	}
	d := fileDescription{
		File: s.File, Records: s.Len(), MD5: s.MD5, Known: cifar.Known(s.MD5),
		Classes: occurring(fine), MinPerClass: slices.Min(fine), MaxPerClass: slices.Max(fine),
		CoarseClasses: occurring(coarse),
	}
	if s.Synthetic {
		d.File = s.Name
	}
	return d
}

func occurring(counts []int) (n int) {
	for _, c := range counts {
		if c > 0 {
			n++
		}
	}
	return n
}

func (d dataDescription) print(out io.Writer) {
	fmt.Fprintln(out, d.Folder)
	fmt.Fprintf(out, "%s, images of %dx%dx%d", d.DataSet, d.Image[1], d.Image[2], d.Image[0])
	if few := 20; len(d.Names) <= few {
		fmt.Fprintf(out, ": %s", strings.Join(d.Names, ", "))
	}
	fmt.Fprintln(out)
	for _, f := range d.Files {
		each := fmt.Sprintf("%d each", f.MinPerClass)
		if f.MinPerClass != f.MaxPerClass {
			each = fmt.Sprintf("%d to %d each", f.MinPerClass, f.MaxPerClass)
		}
		coarse := ""
		if f.CoarseClasses > 0 {
			coarse = fmt.Sprintf(", %d coarse classes", f.CoarseClasses)
		}
		fmt.Fprintf(out, "%-9s  %d records, %d classes (%s)%s\n", f.File, f.Records, f.Classes, each, coarse)
		fmt.Fprintf(out, "%-9s  MD5 %s (%s)\n", "", f.MD5, knownAs(d.DataSet, f.MD5))
	}
}
