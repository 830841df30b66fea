// Package imagefolder reads pictures of one's own as a data set: a folder for each class, as torchvision's ImageFolder reads them, or a table
// (CSV) of paths and labels. Either may be in parts, to train, to validate and to test on.
//
// Find tells what a folder or file holds, Source.Read makes a cifar.Set of it: every picture is decoded, brought to one size and kept in a
// cache, from which a later reading takes it. The cache goes by the bytes of the files, never by their names or times.
package imagefolder

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cnnvk/internal/files"
)

// Part is a part of a data set.
type Part string

// The parts. A source without parts has Whole alone, which is trained on.
const (
	Whole Part = ""
	Train Part = "train"
	Val   Part = "val"
	Test  Part = "test"
)

// Source is pictures with labels, in a folder or a table.
type Source struct {
	Where string // the folder or table
	parts map[Part]lister
	order []Part
}

// lister is where the pictures of a part are listed.
type lister interface {
	// classes are the names of the classes, in the order of their labels.
	classes(context.Context) ([]string, error)
	// files are the pictures in their order, with their places in classes; others counts files that are no pictures by their names.
	files(ctx context.Context, classes []string) (found []file, others int, err error)
}

// Find looks for pictures at a path; nil where there is nothing that says that they lie there. In a folder it takes the first of
//
//	train/CLASS/..., and val (valid, validation) and test beside it
//	train.csv, and val.csv and test.csv beside it
//	labels.csv
//	CLASS/...
//
// A file is taken for a table by its ending, .csv or .tsv. Whether the pictures can be read shows later.
func Find(ctx context.Context, where string) (*Source, error) {
	info, err := os.Stat(where)
	switch {
	case err != nil:
		return nil, nil // which who reads data sets of other kinds words
	case !info.IsDir() && !isTable(where):
		return nil, nil
	case !info.IsDir():
		return &Source{where, map[Part]lister{Whole: &table{path: where}}, []Part{Whole}}, nil
	}
	in, err := read(where)
	if err != nil {
		return nil, nil // as above
	}
	for _, look := range []func(context.Context, string, contents) (*Source, error){partFolders, partTables, oneTable, oneFolder} {
		if s, err := look(ctx, where, in); s != nil || err != nil {
			return s, err
		}
	}
	return nil, nil
}

// partFolders finds folders for the parts. A folder without folders in it is none: it may be a class that is called train, or hold
// pictures without labels to test on.
func partFolders(_ context.Context, where string, in contents) (*Source, error) {
	return inParts(where, in.folders, func(name string) (Part, lister, error) {
		part, is := partNamed(name)
		if !is {
			return Whole, nil, nil
		}
		dir := filepath.Join(where, name)
		inside, err := read(dir)
		if err != nil || len(inside.folders) == 0 {
			return part, nil, err
		}
		return part, folder{dir}, nil
	})
}

func partTables(_ context.Context, where string, in contents) (*Source, error) {
	return inParts(where, in.files, func(name string) (Part, lister, error) {
		part, is := partNamed(strings.TrimSuffix(name, filepath.Ext(name)))
		if !is || !isTable(name) {
			return Whole, nil, nil
		}
		return part, &table{path: filepath.Join(where, name)}, nil
	})
}

// partNames are the names of a part's folder, or of its table without the ending, in small letters.
var partNames = map[Part][]string{
	Train: {"train", "training"},
	Val:   {"val", "valid", "validation"},
	Test:  {"test", "testing"},
}

// partNamed is the part whose folder or table is called so, in any case.
func partNamed(name string) (Part, bool) {
	for part, names := range partNames {
		if slices.Contains(names, strings.ToLower(name)) {
			return part, true
		}
	}
	return Whole, false
}

// inParts makes a source of the names that find takes for parts; none where it takes none.
func inParts(where string, names []string, find func(name string) (Part, lister, error)) (*Source, error) {
	s, called := &Source{Where: where, parts: map[Part]lister{}}, map[Part]string{}
	for _, name := range names {
		part, at, err := find(name)
		switch {
		case err != nil:
			return nil, err
		case at == nil:
			continue
		case s.parts[part] != nil:
			return nil, problem(where, "keep one of them", "has %s and %s, which are the same part", files.Quote(called[part]), files.Quote(name))
		}
		s.parts[part], called[part] = at, name
	}
	for _, part := range []Part{Train, Val, Test} {
		if s.parts[part] != nil {
			s.order = append(s.order, part)
		}
	}
	if len(s.order) == 0 {
		return nil, nil
	}
	return s, nil
}

// oneTable finds a table of all pictures.
func oneTable(_ context.Context, where string, in contents) (*Source, error) {
	for _, name := range in.files {
		if strings.EqualFold(name, "labels.csv") || strings.EqualFold(name, "labels.tsv") {
			return &Source{where, map[Part]lister{Whole: &table{path: filepath.Join(where, name)}}, []Part{Whole}}, nil
		}
	}
	return nil, nil
}

// oneFolder takes folders for classes, if there is a picture in any. Pictures without a folder are an error; without pictures it is nothing.
func oneFolder(ctx context.Context, where string, in contents) (*Source, error) {
	for _, name := range in.folders {
		w := walk{ctx: ctx, dir: filepath.Join(where, name), one: true}
		if err := w.into("", nil); err != nil {
			return nil, err
		}
		if len(w.found) > 0 {
			return &Source{where, map[Part]lister{Whole: folder{where}}, []Part{Whole}}, nil
		}
	}
	if slices.ContainsFunc(in.files, isPicture) {
		_, err := folder{where}.classes(ctx)
		return nil, err
	}
	return nil, nil
}

// Parts are those that there are: Whole alone, or some of Train, Val and Test.
func (s *Source) Parts() []Part { return s.order }

// Has says whether there is such a part.
func (s *Source) Has(p Part) bool { return s.parts[p] != nil }

// ToTrain are the parts that a training reads, those to train on first.
func (s *Source) ToTrain() ([]Part, error) {
	switch {
	case s.Has(Whole):
		return []Part{Whole}, nil
	case !s.Has(Train):
		return nil, problem(s.Where, "pictures to train on lie in "+files.Quote(filepath.Join(s.Where, "train"))+", a folder for each class", "has no part to train on")
	case s.Has(Val):
		return []Part{Train, Val}, nil
	}
	return []Part{Train}, nil
}

// ToEvaluate is the part that an evaluation reads: the test part, or else the validation part, or else all there is.
func (s *Source) ToEvaluate() Part {
	for _, p := range []Part{Test, Val, Train} {
		if s.Has(p) {
			return p
		}
	}
	return Whole
}

// Name is a name for messages: that of the folder or table, and the part.
func (s *Source) Name(p Part) string {
	name := filepath.Base(s.Where)
	if whole, err := filepath.Abs(s.Where); err == nil {
		name = filepath.Base(whole)
	}
	if p == Whole {
		return name
	}
	return name + " " + string(p)
}
