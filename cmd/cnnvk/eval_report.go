package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/chart"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/net"
)

// reportOf is the folder for an evaluation's tables and pictures: the one that is named, or, for the weights of a run folder,
// eval/best or eval/last in it; "" for weights that lie elsewhere.
func reportOf(named, weights string) string {
	if named != "" {
		return named
	}
	whole, err := filepath.Abs(weights)
	if err != nil {
		return ""
	}
	folder := filepath.Dir(filepath.Dir(whole))
	if filepath.Base(filepath.Dir(whole)) != filepath.Dir(run.BestWeights) {
		return ""
	}
	if _, err := os.Stat(filepath.Join(folder, run.ConfigFile)); err != nil {
		return ""
	}
	which := strings.TrimSuffix(filepath.Base(whole), filepath.Ext(whole))
	return filepath.Join(filepath.Dir(weights), "..", run.ReportFolder, which)
}

// classReport is what an evaluation says about each class.
type classReport struct {
	title     string
	form      cifar.Form
	coarse    []int // of each class; all 0 where there are no coarse classes
	confusion net.Confusion
}

func newClassReport(title string, set *cifar.Set, predicted []uint8) *classReport {
	n := len(set.Form.Classes)
	r := &classReport{title: title, form: set.Form, coarse: make([]int, n), confusion: net.NewConfusion(n, set.Labels, predicted)}
	for i, coarse := range set.Coarse {
		r.coarse[set.Labels[i]] = int(coarse)
	}
	return r
}

// write writes two tables, each with its picture. All four are staged before the first is committed.
func (r *classReport) write(dir string) error {
	classes, err := chart.Classes(r.title, r.form.Classes, r.accuracy())
	if err != nil {
		return err
	}
	order := r.order()
	confusion, err := chart.Confusion(r.title, len(order), r.ordered(order), r.groups(order))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return cannotReport(dir, err)
	}
	reports := []struct {
		name  string
		write func(io.Writer) error
	}{
		{run.ClassesCSV, r.classTable}, {run.ClassesPNG, classes.PNG}, {run.ClassesSVG, classes.SVG},
		{run.ConfusionCSV, r.confusionTable}, {run.ConfusionPNG, confusion.PNG}, {run.ConfusionSVG, confusion.SVG},
	}
	var staged []*files.Staged
	for _, f := range reports {
		s, err := files.Stage(filepath.Join(dir, f.name), f.write)
		if err != nil {
			return cannotReport(filepath.Join(dir, f.name), err)
		}
		defer s.Discard()
		staged = append(staged, s)
	}
	for i, s := range staged {
		if err := s.Commit(); err != nil {
			return cannotReport(filepath.Join(dir, reports[i].name), err)
		}
	}
	return nil
}

func cannotReport(path string, err error) error {
	err = fmt.Errorf("writing %s: %w", path, files.Reason(err))
	if errors.Is(err, fs.ErrPermission) || files.DiskFull(err) {
		return hints.With(err, "--out DIR with another folder, or --no-report")
	}
	return err
}

func (r *classReport) accuracy() []float64 {
	out := make([]float64, len(r.form.Classes))
	for c := range out {
		correct, total := r.confusion.Class(c)
		out[c] = float64(correct) / float64(max(total, 1))
	}
	return out
}

// order is the classes by superclass, so that those that look alike lie together.
func (r *classReport) order() []int {
	order := make([]int, len(r.form.Classes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return r.coarse[a] - r.coarse[b] })
	return order
}

func (r *classReport) ordered(order []int) []int {
	var out []int
	for _, label := range order {
		row := r.confusion.Row(label)
		for _, found := range order {
			out = append(out, row[found])
		}
	}
	return out
}

// groups are the coarse classes, or, where there are none, the classes themselves.
func (r *classReport) groups(order []int) []chart.Group {
	var out []chart.Group
	for i, class := range order {
		switch {
		case r.form.Coarse == nil:
			out = append(out, chart.Group{Name: r.form.Classes[class], First: i})
		case i == 0 || r.coarse[class] != r.coarse[order[i-1]]:
			out = append(out, chart.Group{Name: r.form.Coarse[r.coarse[class]], First: i})
		}
	}
	return out
}

// classTable is a row for each class, in order of label. The column of superclasses is empty where there are none.
func (r *classReport) classTable(w io.Writer) error {
	rows := [][]string{{"label", "class", "superclass", "images", "correct", "accuracy", "most_taken_for", "times"}}
	for c := range r.form.Classes {
		correct, total := r.confusion.Class(c)
		rival, times := r.confusion.Rival(c)
		name, coarse := "", ""
		if times > 0 {
			name = r.form.Classes[rival]
		}
		if r.form.Coarse != nil {
			coarse = r.form.Coarse[r.coarse[c]]
		}
		rows = append(rows, []string{strconv.Itoa(c), r.form.Classes[c], coarse, strconv.Itoa(total),
			strconv.Itoa(correct), fmt.Sprintf("%.4f", float64(correct)/float64(max(total, 1))), name, strconv.Itoa(times)})
	}
	return writeCSV(w, rows)
}

// confusionTable is the matrix in order of label: a row for each label, a column for each class found.
func (r *classReport) confusionTable(w io.Writer) error {
	rows := [][]string{append([]string{"label\\found"}, r.form.Classes...)}
	for c := range r.form.Classes {
		row := []string{r.form.Classes[c]}
		for _, n := range r.confusion.Row(c) {
			row = append(row, strconv.Itoa(n))
		}
		rows = append(rows, row)
	}
	return writeCSV(w, rows)
}

func writeCSV(w io.Writer, rows [][]string) error {
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll(rows); err != nil {
		return err
	}
	_, err := w.Write(text.Bytes())
	return err
}
