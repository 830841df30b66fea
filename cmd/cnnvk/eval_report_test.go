package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cnnvk/cifar"
)

// The files of an evaluation's report.
var reportFiles = []string{"confusion.csv", "confusion.png", "confusion.svg", "per_class.csv", "per_class.png", "per_class.svg"}

// TestClassReport holds the tables against a set of which every image but one in seven is found right.
func TestClassReport(t *testing.T) {
	emptyFolder(t)
	set := cifar.Synthetic(0, 700)
	predicted := slices.Clone(set.Labels)
	wrong := 0
	for i := 0; i < len(predicted); i += 7 {
		predicted[i] = uint8((int(predicted[i]) + 1) % 100)
		wrong++
	}
	if err := newClassReport("a test", set, predicted).write("report"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("report")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.Equal(names, reportFiles) {
		t.Errorf("the report has %v, want %v", names, reportFiles)
	}
	classes := table(t, "report/per_class.csv")
	if len(classes) != 1+100 || classes[1][1] != "apple" || classes[1][2] != cifar.CIFAR100.Coarse[newClassReport("", set, predicted).coarse[0]] {
		t.Errorf("per_class.csv has %d rows, the second %v", len(classes), classes[1])
	}
	correct := 0
	for _, row := range classes[1:] {
		correct += wholeNumber(t, row[4])
	}
	matrix := table(t, "report/confusion.csv")
	off := 0
	for label, row := range matrix[1:] {
		for found, n := range row[1:] {
			if found != label {
				off += wholeNumber(t, n)
			}
		}
	}
	if correct != 700-wrong || off != wrong {
		t.Errorf("%d right and %d off the diagonal, want %d and %d", correct, off, 700-wrong, wrong)
	}
}

func table(t *testing.T, path string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(read(t, path))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestReportFolder: weights in a run folder have their report beside them, others where --out says, or nowhere.
func TestReportFolder(t *testing.T) {
	emptyFolder(t)
	if err := os.MkdirAll("run/weights", 0o777); err != nil {
		t.Fatal(err)
	}
	if got := reportOf("", "run/weights/best.safetensors"); got != "" {
		t.Errorf("a folder without config.yaml is no run, but the report goes to %q", got)
	}
	writeFile(t, "run/config.yaml", []byte("seed: 1\n"))
	for _, c := range []struct{ named, weights, want string }{
		{"", "run/weights/best.safetensors", filepath.Join("run", "eval", "best")},
		{"there", "run/weights/best.safetensors", "there"},
		{"there", "elsewhere.safetensors", "there"},
		{"", "elsewhere.safetensors", ""},
		{"", "run/best.safetensors", ""},
	} {
		if got := reportOf(c.named, c.weights); got != c.want {
			t.Errorf("--out %q --weights %s: the report goes to %q, want %q", c.named, c.weights, got, c.want)
		}
	}
}

// TestReportRefused: a report that cannot be written is one line with what to do, and leaves no part of itself.
func TestReportRefused(t *testing.T) {
	emptyFolder(t)
	writeFile(t, "file", nil)
	set := cifar.Synthetic(0, 200)
	if err := newClassReport("", set, set.Labels).write("file/report"); err == nil || !strings.HasPrefix(err.Error(), "writing file/report: ") {
		t.Errorf("below a file: %v", err)
	}
	if err := os.MkdirAll("report/confusion.svg", 0o777); err != nil {
		t.Fatal(err)
	}
	if err := newClassReport("", set, set.Labels).write("report"); err == nil || !strings.Contains(err.Error(), "confusion.svg") {
		t.Errorf("over a folder: %v", err)
	}
	if entries, _ := os.ReadDir("report"); len(entries) != 1 {
		t.Errorf("%d entries are left in the folder, want the one that was there", len(entries))
	}
}

func wholeNumber(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
