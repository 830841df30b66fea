package imagefolder

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"cnnvk/internal/hints"
)

// Tables of all tools give the same rows.
func TestReadTable(t *testing.T) {
	want := []row{{2, "a/1.png", "cat"}, {3, "b 2.png", "dog"}}
	for what, text := range map[string]string{
		"plain":                   "path,label\na/1.png,cat\nb 2.png,dog\n",
		"without a last line end": "path,label\na/1.png,cat\nb 2.png,dog",
		"Windows":                 "\ufeffpath,label\r\na/1.png,cat\r\nb 2.png,dog\r\n",
		"Excel in some countries": "Path;Label\na/1.png;cat\nb 2.png;dog\n",
		"tabs":                    "image\tclass\na/1.png\tcat\nb 2.png\tdog\n",
		"quotes":                  "\"filename\",\"class\"\n\"a/1.png\",\"cat\"\n\"b 2.png\",dog\n",
		"other columns":           "id,label,x,file_name\n7,cat,,a/1.png\n8,dog,\"y, z\",b 2.png\n",
		"blanks":                  " path , label\n a/1.png , cat\nb 2.png,dog \n",
		"UTF-16":                  inUTF16("path,label\r\na/1.png,cat\r\nb 2.png,dog\r\n"),
	} {
		got, err := readTable(strings.NewReader(text))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", what, got, err, want)
		}
	}
}

func inUTF16(text string) string {
	var out bytes.Buffer
	for _, unit := range append([]uint16{0xfeff}, utf16.Encode([]rune(text))...) {
		out.Write([]byte{byte(unit), byte(unit >> 8)})
	}
	return out.String()
}

// What is wrong with a table is said with its line.
func TestReadTableErrors(t *testing.T) {
	for _, c := range []struct{ what, text, says, hint string }{
		{"nothing", "", "is empty", "path,label"},
		{"names of columns alone", "path,label\n", "has no line below the names", ""},
		{"no names", "a/1.png,cat\nb.png,dog\n", `has no column of paths: its first line is "a/1.png,cat"`, "path,label"},
		{"no labels", "path,id\na.png,1\n", "has no column of labels", "path,label"},
		{"two of paths", "path,filename,label\na,b,c\n", "has two columns of paths, path and filename", "keep one"},
		{"two of labels", "path,label,class\na,b,c\n", "has two columns of labels, label and class", "keep one"},
		{"no path", "path,label\na.png,cat\n,dog\n", "line 3 has no path", ""},
		{"no label", "path,label\na.png, \n", "line 2 has no label", ""},
		{"a column less", "path,label\na.png,cat\nb.png\n", "line 3 has more or fewer columns than the first", "between quotes"},
		{"a comma in a name", "path,label\na,b.png,cat\n", "line 2 has more or fewer columns than the first", "between quotes"},
		{"an open quote", "path,label\n\"a.png,cat\n", `line 2: extraneous or missing " in quoted-field`, ""},
		{"a line end in a name", "path,label\n\"a\nb.png\",cat\n", "line 2: a control character", ""},
		{"Latin-1", "path,label\n\xe4hre.png,cat\n", "is no text in UTF-8", "CSV UTF-8"},
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00", "is no text in UTF-8", ""},
	} {
		rows, err := readTable(strings.NewReader(c.text))
		if rows != nil || err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(hints.Of(err), c.hint) {
			t.Errorf("%s: %v, %v, hint %q; want %q and %q", c.what, rows, err, hints.Of(err), c.says, c.hint)
		}
	}
}

// Labels that are all whole numbers have their order, others that of code points.
func TestTableClasses(t *testing.T) {
	for labels, want := range map[string]string{
		"dog cat dog":  "cat dog",
		"b a B Zebra":  "B Zebra a b",
		"10 9 0 2":     "0 2 9 10",
		"10 9 x":       "10 9 x",
		"10 09 2":      "09 10 2",
		"-1 1 0":       "-1 0 1",
		"1.0 2.0 10.0": "1.0 10.0 2.0",
	} {
		table := &table{}
		for _, label := range strings.Fields(labels) {
			table.rows = append(table.rows, row{label: label})
		}
		if got, err := table.classes(t.Context()); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v, want %q", labels, got, err, want)
		}
	}
}

// Paths count from the table's folder, in the order of the rows. Absolute ones may lead anywhere.
func TestTablePaths(t *testing.T) {
	t.Chdir(t.TempDir())
	far := filepath.Join(t.TempDir(), "far.png")
	tree(t, "d/images/1.png", "d/images/2.png", "d/0.png")
	write(t, far, picture(t, 9, 9, red))
	write(t, "d/labels.csv", []byte("path,label\nimages/2.png,dog\n./images/1.png,cat\n"+far+",dog\nimages\\1.png,cat\n0.png,cat\ngone.png,cat\n"))
	got, _ := listed(t, "d", Whole)
	want := []string{"dog d/images/2.png", "cat d/images/1.png", "dog " + filepath.ToSlash(far), "cat d/images/1.png", "cat d/0.png", "cat d/gone.png"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	p := readIn(t, small(), Whole)
	if p.Len() != 5 || len(p.Bad) != 1 || !strings.Contains(p.Bad[0].File, "gone.png") {
		t.Errorf("%d images, bad %+v", p.Len(), p.Bad)
	}
}

func TestTableErrors(t *testing.T) {
	for _, c := range []struct{ what, text, says, hint string }{
		{"a path that leaves", "path,label\na.png,cat\n../b.png,dog\n", `d/labels.csv: line 3: the path "../b.png" leaves the folder of the table`, "from the root"},
		{"by way of another", "path,label\na.png,cat\nx/../../b.png,dog\n", `line 3: the path "x/../../b.png" leaves`, "from the root"},
		{"two labels", "path,label\na.png,cat\nb.png,dog\n./a.png,dog\n", "line 2 gives ./a.png the label cat, line 4 the label dog", "one label"},
		{"one class", "path,label\na.png,cat\n", "d/labels.csv: has one class only, cat", ""},
		{"names of one case", "path,label\na.png,Cat\nb.png,cat\n", "d/labels.csv: has the classes Cat and cat", ""},
		{"no column", "id,name\n1,cat\n", "d/labels.csv: has no column of paths", "path,label"},
	} {
		t.Chdir(t.TempDir())
		write(t, "d/labels.csv", []byte(c.text))
		s, err := Find(t.Context(), "d")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Read(t.Context(), small(), Whole)
		checkError(t, c.what, err, filepath.FromSlash(c.says), c.hint)
	}
	t.Chdir(t.TempDir())
	if runtime.GOOS != "windows" {
		if err := os.Mkdir("labels.csv", 0o777); err != nil {
			t.Fatal(err)
		}
		if s, err := Find(t.Context(), "labels.csv"); s != nil || err != nil {
			t.Error("an empty folder is taken for a table: ", s, err)
		}
	}
}

// No bytes make the reader fail but with an error in a line, and every row has a path and a label.
func FuzzTable(f *testing.F) {
	for _, text := range []string{"path,label\na.png,cat\n", "image;class;x\n\"a;b\";cat;\n", inUTF16("path\tlabel\r\na\tb\r\n"), "\ufefffilename,category\n\"a\"\"b\",c\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := readTable(bytes.NewReader(data))
		if err != nil && strings.ContainsAny(hints.OneLine(err.Error()), "\n\r") {
			t.Errorf("an error of more than a line: %q", err)
		}
		if (err == nil) != (len(rows) > 0) {
			t.Errorf("%d rows, %v", len(rows), err)
		}
		for _, r := range rows {
			if r.path == "" || r.label == "" || r.line < 2 {
				t.Errorf("the row %+v", r)
			}
		}
	})
}
