package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

func (p program) dataInfoCommand() *cli.Command {
	return &cli.Command{
		Name:  "info",
		Usage: "count the records and classes of both files of a copy of CIFAR-100, and say which they are",
		Flags: []cli.Flag{
			dataFlag(),
			jsonFlag(),
		},
		Action: p.dataInfo,
	}
}

// dataDescription is what data info --json prints.
type dataDescription struct {
	Folder string            `json:"folder"`
	Files  []fileDescription `json:"files"`
}

type fileDescription struct {
	File          string `json:"file"`
	Records       int    `json:"records"`
	Classes       int    `json:"classes"` // that occur, of 100
	MinPerClass   int    `json:"min_per_class"`
	MaxPerClass   int    `json:"max_per_class"`
	CoarseClasses int    `json:"coarse_classes"` // that occur, of 20
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
	for _, read := range []func(context.Context, string, func(string)) (*cifar.Set, error){p.source.ReadTrain, p.source.ReadTest} {
		set, err := read(c.Context, d.Folder, sayTo(c.App.ErrWriter))
		if err != nil {
			return err
		}
		d.Files = append(d.Files, describe(set))
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(d)
	}
	d.print(c.App.Writer)
	return nil
}

func describe(s *cifar.Set) fileDescription {
	var fine [cifar.Classes]int
	var coarse [cifar.CoarseClasses]int
	for i := range s.Len() {
		fine[s.Labels[i]]++
		coarse[s.Coarse[i]]++
	}
	return fileDescription{
		File: s.File, Records: s.Len(), MD5: s.MD5, Known: cifar.Known(s.MD5),
		Classes: occurring(fine[:]), MinPerClass: slices.Min(fine[:]), MaxPerClass: slices.Max(fine[:]),
		CoarseClasses: occurring(coarse[:]),
	}
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
	for _, f := range d.Files {
		each := fmt.Sprintf("%d each", f.MinPerClass)
		if f.MinPerClass != f.MaxPerClass {
			each = fmt.Sprintf("%d to %d each", f.MinPerClass, f.MaxPerClass)
		}
		fmt.Fprintf(out, "%-9s  %d records, %d classes (%s), %d coarse classes\n", f.File, f.Records, f.Classes, each, f.CoarseClasses)
		fmt.Fprintf(out, "%-9s  MD5 %s (%s)\n", "", f.MD5, knownAs(f.MD5))
	}
}
