package imagefolder

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	utf16 "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

// table is a file with a line for each picture, its path and its label, below a line that names the columns. Other columns are passed over.
// Between columns are commas, semicolons or tabs, whichever the first line has. A relative path counts from the table's folder, and stays
// in it; an absolute one may lead anywhere, as in pandas and fastai.
type table struct {
	path string
	rows []row // once they are read
}

type row struct {
	line        int
	path, label string
}

// columns are the names that a column may have, in small letters.
var columns = struct{ path, label []string }{
	[]string{"path", "filename", "file_name", "filepath", "file_path", "file", "fname", "image", "image_path"},
	[]string{"label", "class", "class_name", "category"},
}

const (
	headHint     = `the first line names the columns: path,label (or filename, image; class, category)`
	longestTable = 128 << 20
)

// classes are the labels that occur: sorted by code points, or, where all are whole numbers, by their values, as pandas does.
func (t *table) classes(ctx context.Context) ([]string, error) {
	if err := t.read(ctx); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var names []string
	for _, r := range t.rows {
		if !seen[r.label] {
			seen[r.label] = true
			names = append(names, r.label)
		}
	}
	slices.Sort(names)
	if numbers, all := wholeNumbers(names); all {
		slices.SortFunc(names, func(a, b string) int { return numbers[a] - numbers[b] })
	}
	return names, nil
}

// wholeNumbers are the values of words, if all are whole numbers as they are printed: 7, not 07.
func wholeNumbers(words []string) (map[string]int, bool) {
	out := map[string]int{}
	for _, word := range words {
		n, err := strconv.Atoi(word)
		if err != nil || n > 1<<30 || n < -1<<30 || strconv.Itoa(n) != word {
			return nil, false
		}
		out[word] = n
	}
	return out, true
}

func (t *table) files(ctx context.Context, classes []string) ([]file, int, error) {
	if err := t.read(ctx); err != nil {
		return nil, 0, err
	}
	labels, lines := map[string]int{}, map[string]row{}
	for i, name := range classes {
		labels[name] = i
	}
	var out []file
	for _, r := range t.rows {
		at, err := t.locate(r)
		if err != nil {
			return nil, 0, err
		}
		if before, twice := lines[at]; twice && before.label != r.label {
			return nil, 0, problem(t.path, "a picture has one label", "line %d gives %s the label %s, line %d the label %s", before.line, r.path, before.label, r.line, r.label)
		}
		lines[at] = r
		out = append(out, file{at, labels[r.label]})
	}
	return out, 0, nil
}

// locate is where a row's picture lies. A path that Windows wrote has backslashes.
func (t *table) locate(r row) (string, error) {
	if filepath.IsAbs(r.path) {
		return filepath.Clean(r.path), nil
	}
	name := filepath.FromSlash(r.path)
	if runtime.GOOS != "windows" && strings.Contains(name, `\`) {
		if _, err := os.Lstat(filepath.Join(filepath.Dir(t.path), name)); err != nil {
			name = strings.ReplaceAll(name, `\`, "/")
		}
	}
	if !filepath.IsLocal(name) {
		return "", problem(t.path, "put the table above its pictures, or write the whole path, from the root", "line %d: the path %q leaves the folder of the table", r.line, r.path)
	}
	return filepath.Join(filepath.Dir(t.path), name), nil
}

// read reads the rows, once.
func (t *table) read(ctx context.Context) error {
	if t.rows != nil {
		return nil
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	info, err := os.Stat(t.path)
	switch {
	case err != nil:
		return cannotRead(t.path, err)
	case !info.Mode().IsRegular():
		return problem(t.path, "", "is not a regular file")
	case info.Size() > longestTable:
		return problem(t.path, "", "is too long for a table: %d bytes, %d at most", info.Size(), longestTable)
	}
	f, err := os.Open(t.path)
	if err != nil {
		return cannotRead(t.path, err)
	}
	defer f.Close()
	rows, err := readTable(f)
	if err != nil {
		return problem(t.path, hints.Of(err), "%w", files.Reason(err))
	}
	t.rows = rows
	return nil
}

// readTable reads the rows of a table, in UTF-8 or, with a byte-order mark, in UTF-16. Errors name the line.
func readTable(r io.Reader) ([]row, error) {
	text, err := io.ReadAll(transform.NewReader(io.LimitReader(r, longestTable), utf16.BOMOverride(transform.Nop)))
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(text) {
		return nil, hints.With(errors.New("is no text in UTF-8"), "save it as CSV UTF-8")
	}
	first, _, _ := strings.Cut(string(text[:min(len(text), 4096)]), "\n")
	in := csv.NewReader(bytes.NewReader(text))
	in.Comma, in.FieldsPerRecord, in.ReuseRecord = comma(first), 0, true
	head, err := in.Read()
	if err == io.EOF {
		return nil, hints.With(errors.New("is empty"), headHint)
	}
	if err != nil {
		return nil, inTable(err)
	}
	path, label, err := findColumns(head)
	if err != nil {
		return nil, err
	}
	var rows []row
	for {
		words, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, inTable(err)
		}
		line, _ := in.FieldPos(0)
		r := row{line, strings.TrimSpace(words[path]), strings.TrimSpace(words[label])}
		switch {
		case r.path == "":
			return nil, fmt.Errorf("line %d has no path", line)
		case r.label == "":
			return nil, fmt.Errorf("line %d has no label", line)
		case strings.ContainsFunc(r.path+r.label, unicode.IsControl):
			return nil, fmt.Errorf("line %d: a control character in %q, %q", line, r.path, r.label)
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return nil, errors.New("has no line below the names of the columns")
	}
	return rows, nil
}

// inTable words an error of package csv, which names the line.
func inTable(err error) error {
	bad := (*csv.ParseError)(nil)
	if !errors.As(err, &bad) {
		return err
	}
	if errors.Is(bad.Err, csv.ErrFieldCount) {
		return hints.With(fmt.Errorf("line %d has more or fewer columns than the first", bad.Line), `a path or label with a comma in it stands between quotes: "a,b.png",cat`)
	}
	return fmt.Errorf("line %d: %w", bad.Line, bad.Err)
}

// comma is what stands between the columns.
func comma(first string) rune {
	best, most := ',', 0
	for _, c := range ",;\t" {
		if n := strings.Count(first, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// findColumns finds the columns of paths and of labels.
func findColumns(head []string) (path, label int, err error) {
	find := func(what string, names []string) (int, error) {
		at := -1
		for i, word := range head {
			if !slices.Contains(names, strings.ToLower(strings.TrimSpace(word))) {
				continue
			}
			if at >= 0 {
				return 0, hints.With(fmt.Errorf("has two columns of %ss, %s and %s", what, files.Quote(head[at]), files.Quote(word)), "keep one of them, or call the other one otherwise")
			}
			at = i
		}
		if at < 0 {
			return 0, hints.With(fmt.Errorf("has no column of %ss: its first line is %q", what, shortened(strings.Join(head, ","))), headHint)
		}
		return at, nil
	}
	if path, err = find("path", columns.path); err != nil {
		return 0, 0, err
	}
	label, err = find("label", columns.label)
	return path, label, err
}

func shortened(text string) string {
	const few = 60
	if runes := []rune(text); len(runes) > few {
		return string(runes[:few]) + "..."
	}
	return text
}
