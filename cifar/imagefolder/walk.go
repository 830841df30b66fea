package imagefolder

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cnnvk/internal/files"
)

// folder is a folder of class folders. Its pictures are those, and in that order, that torchvision's ImageFolder finds: a class is a folder,
// classes are sorted by code points, and so are a class's folders at any depth and the names in each.
type folder struct{ dir string }

// file is a picture that was found, and its class.
type file struct {
	path  string
	class int
}

// classes are the names of the folder's class folders, sorted.
func (f folder) classes(context.Context) ([]string, error) {
	in, err := read(f.dir)
	if err != nil {
		return nil, err
	}
	if len(in.folders) == 0 {
		return nil, problem(f.dir, "pictures lie in a folder for each class: DIR/cat/1.png, DIR/dog/1.png", "has no folders of classes")
	}
	for _, name := range in.folders {
		if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			return nil, problem(f.dir, "a class is called as its folder is", "has the folder %q, which is no name in UTF-8", name)
		}
	}
	return in.folders, nil
}

// files lists the pictures of all classes, and counts the files that are none by their names. A class without pictures is an error.
func (f folder) files(ctx context.Context, classes []string) (found []file, others int, err error) {
	for class, name := range classes {
		w := walk{ctx: ctx, dir: filepath.Join(f.dir, name)}
		if err := w.into("", nil); err != nil {
			return nil, 0, err
		}
		if len(w.found) == 0 {
			return nil, 0, problem(w.dir, "remove the folder, or put pictures into it: "+readKinds, "is the folder of a class, and has no pictures")
		}
		slices.SortFunc(w.found, func(a, b below) int {
			if order := strings.Compare(a.folder, b.folder); order != 0 {
				return order
			}
			return strings.Compare(a.name, b.name)
		})
		for _, at := range w.found {
			found = append(found, file{filepath.Join(w.dir, filepath.FromSlash(at.folder), at.name), class})
		}
		others += w.others
	}
	return found, others, nil
}

// walk goes through a class folder and all folders in it. It follows symbolic links, but not to a folder that it is in.
type walk struct {
	ctx    context.Context
	dir    string
	one    bool // picture is enough
	found  []below
	others int
}

// below is a file in a folder below a class's, whose path has slashes everywhere so that its place in the order is the same.
type below struct{ folder, name string }

func (w *walk) into(folder string, above []fs.FileInfo) error {
	if err := context.Cause(w.ctx); err != nil {
		return err
	}
	at := filepath.Join(w.dir, filepath.FromSlash(folder))
	here, err := os.Stat(at)
	if err != nil {
		return cannotRead(at, err)
	}
	if slices.ContainsFunc(above, func(outer fs.FileInfo) bool { return os.SameFile(outer, here) }) {
		return nil
	}
	in, err := read(at)
	if err != nil {
		return err
	}
	for _, name := range in.files {
		if isPicture(name) {
			w.found = append(w.found, below{folder, name})
		} else {
			w.others++
		}
	}
	above = append(slices.Clone(above), here)
	for _, name := range in.folders {
		if w.one && len(w.found) > 0 {
			return nil
		}
		if err := w.into(path.Join(folder, name), above); err != nil {
			return err
		}
	}
	return nil
}

// contents are the names in a folder, sorted, without what is hidden. A symbolic link is what it leads to; one that leads nowhere is a file,
// which cannot be read.
type contents struct{ folders, files []string }

func read(dir string) (contents, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return contents{}, cannotRead(dir, err)
	}
	var in contents
	for _, e := range entries {
		name, isFolder := e.Name(), e.IsDir()
		if hidden(name) {
			continue
		}
		if e.Type()&fs.ModeSymlink != 0 {
			info, err := os.Stat(filepath.Join(dir, name))
			isFolder = err == nil && info.IsDir()
		}
		if isFolder {
			in.folders = append(in.folders, name)
		} else {
			in.files = append(in.files, name)
		}
	}
	slices.Sort(in.folders)
	slices.Sort(in.files)
	return in, nil
}

// notTheUsers are the names of what systems and archives leave in a folder.
var notTheUsers = []string{"Thumbs.db", "desktop.ini", "__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN", "System Volume Information"}

// hidden says whether a file or folder is not the user's to see.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || slices.ContainsFunc(notTheUsers, func(other string) bool { return strings.EqualFold(name, other) })
}

// checkNames refuses classes that are none to be told apart: fewer than two, more than a label can count, or two whose names differ in
// upper and lower case alone, of which file systems and people make one.
func checkNames(where string, classes []string) error {
	seen := map[string]string{}
	for _, name := range classes {
		lower := strings.ToLower(name)
		if other, twice := seen[lower]; twice {
			return problem(where, "give all pictures of a class the same one", "has the classes %s and %s, which differ in upper and lower case alone", files.Quote(other), files.Quote(name))
		}
		seen[lower] = name
	}
	switch n := len(classes); {
	case n == 1:
		return problem(where, "a network tells two classes or more apart", "has one class only, %s", files.Quote(classes[0]))
	case n > mostClasses:
		return problem(where, "", "has %d classes: %d at most", n, mostClasses)
	}
	return nil
}

// mostClasses is how many a label of a byte tells apart.
const mostClasses = 256

// sameClasses refuses classes that are not those that they must be.
func sameClasses(where string, classes, want []string, of string) error {
	hint := fmt.Sprintf("the classes of %s are %s", of, inWords(want))
	for _, name := range classes {
		if !slices.Contains(want, name) {
			return problem(filepath.Join(where, name), hint, "is no class of %s", of)
		}
	}
	for _, name := range want {
		if !slices.Contains(classes, name) {
			return problem(where, hint, "lacks the class %s of %s", files.Quote(name), of)
		}
	}
	return nil
}

// inWords names a few classes.
func inWords(classes []string) string {
	const few = 8
	if len(classes) > few {
		return fmt.Sprintf("%s and %d more", strings.Join(classes[:few], ", "), len(classes)-few)
	}
	return strings.Join(classes, ", ")
}
