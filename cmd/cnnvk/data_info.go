package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/cifar/imagefolder"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

func (p program) dataInfoCommand() *cli.Command {
	return &cli.Command{
		Name:   "info",
		Usage:  "count the records and classes of a copy of CIFAR-100 or CIFAR-10 and say which they are, or count pictures of your own and list those that cannot be read",
		Flags:  append([]cli.Flag{dataFlag(), jsonFlag()}, pictureFlags()...),
		Action: p.dataInfo,
	}
}

// dataDescription is what data info --json prints.
type dataDescription struct {
	Folder  string            `json:"folder"`
	DataSet string            `json:"data_set"` // "CIFAR-100"
	Image   []int             `json:"image"`    // (C,H,W)
	Names   []string          `json:"class_names"`
	Resize  string            `json:"resize,omitempty"` // of pictures of any size
	Files   []fileDescription `json:"files"`
	Counts  [][]int           `json:"class_counts"` // of each file, by class
	Bad     []imagefolder.Bad `json:"bad,omitempty"`
	Others  int               `json:"others,omitempty"` // files beside pictures that are none by their endings

	parts []string // what the files are
}

type fileDescription struct {
	File          string `json:"file"`
	Records       int    `json:"records"`
	Classes       int    `json:"classes"` // that occur
	MinPerClass   int    `json:"min_per_class"`
	MaxPerClass   int    `json:"max_per_class"`
	CoarseClasses int    `json:"coarse_classes"` // that occur, of CIFAR-100
	MD5           string `json:"md5"`            // "" for pictures
	Known         string `json:"known"`          // "published", "reordered" or ""
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
	as, err := picturesWanted(c, run.Pictures{})
	if err != nil {
		return flagProblemOf(err, pictureFlagNames)
	}
	set, err := p.dataSetAt(c, d.Folder, c.App.ErrWriter, slog.Default())
	if err != nil {
		return err
	}
	set.becoming(as)
	if err := d.read(c.Context, set); err != nil {
		return err
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(d)
	}
	d.print(c.App.Writer)
	return nil
}

// read reads all parts, one at a time.
func (d *dataDescription) read(ctx context.Context, from *dataSet) error {
	if from.pictures == nil {
		train, err := from.readTrain(ctx)
		if err != nil {
			return err
		}
		d.add(train, "train")
		test, err := from.readTest(ctx)
		if err != nil {
			return err
		}
		d.add(test, "test")
		return nil
	}
	for _, part := range from.pictures.Parts() {
		p, err := from.readPictures(ctx, part)
		if err != nil {
			return err
		}
		if p.File == "" {
			p.File = "all"
		}
		p.MD5 = ""
		d.add(p.Set, p.File)
		d.Bad = append(d.Bad, p.Bad...)
		d.Others += p.Parts[0].Others
	}
	return nil
}

// add describes a part.
func (d *dataDescription) add(set *cifar.Set, part string) {
	d.parts = append(d.parts, part)
	f := set.Form
	d.DataSet, d.Image, d.Names, d.Resize = f.Name, []int{f.C, f.H, f.W}, f.Classes, set.Resize
	counts := make([]int, len(f.Classes))
	for _, label := range set.Labels {
		counts[label]++
	}
	d.Files, d.Counts = append(d.Files, describe(set, counts)), append(d.Counts, counts)
}

func describe(s *cifar.Set, fine []int) fileDescription {
	coarse := make([]int, len(s.Form.Coarse))
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

func (d *dataDescription) print(out io.Writer) {
	fmt.Fprintln(out, d.Folder)
	fmt.Fprintf(out, "%s, images of %dx%dx%d", d.DataSet, d.Image[1], d.Image[2], d.Image[0])
	if d.Resize != "" {
		fmt.Fprintf(out, ", to which pictures are %s", inFit[d.Resize])
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
		if f.MD5 != "" {
			fmt.Fprintf(out, "%-9s  MD5 %s (%s)\n", "", f.MD5, knownAs(d.DataSet, f.MD5))
		}
	}
	d.printClasses(out)
	if d.Others > 0 {
		fmt.Fprintf(out, "\nother files, no pictures by their endings, are passed over: %d\n", d.Others)
	}
	if len(d.Bad) > 0 {
		fmt.Fprintf(out, "\n%d cannot be read:\n", len(d.Bad))
	}
	for _, bad := range d.Bad {
		fmt.Fprintf(out, "%s: %s\n", bad.File, bad.Reason)
	}
}

// printClasses prints a table: a row for each class, a column of numbers for each part.
func (d *dataDescription) printClasses(out io.Writer) {
	wide := utf8.RuneCountInString(slices.MaxFunc(append([]string{"class"}, d.Names...), func(a, b string) int {
		return utf8.RuneCountInString(a) - utf8.RuneCountInString(b)
	}))
	fmt.Fprintf(out, "\n%-*s", wide, "class")
	for _, part := range d.parts {
		fmt.Fprintf(out, "  %5s", part)
	}
	fmt.Fprintln(out)
	for class, name := range d.Names {
		fmt.Fprintf(out, "%-*s", wide, name)
		for _, counts := range d.Counts {
			fmt.Fprintf(out, "  %5d", counts[class])
		}
		fmt.Fprintln(out)
	}
}
