package run

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cnnvk/cmd/cnnvk/chart"
	"cnnvk/net/training"
)

// Metrics are the numbers of an epoch: a row of metrics.csv. Those with a JSON key are also in the epoch's event, with the digits that
// the file has.
type Metrics struct {
	Epoch           int    `json:"epoch"`
	Steps           int    `json:"-"` // since the training began
	LearningRate    Number `json:"learning_rate"`
	TrainLoss       Number `json:"train_loss"`
	TrainAccuracy   Number `json:"train_accuracy"` // 0 to 1
	ValLoss         Number `json:"val_loss"`       // this and ValAccuracy are NaN where there was no validation
	ValAccuracy     Number `json:"val_accuracy"`
	ImagesPerSecond Number `json:"-"`
	Seconds         Number `json:"-"`
	DeviceBusy      Number `json:"-"` // 0 to 1; NaN if unknown
	// LossScale and SkippedSteps are of mixed precision in float16; NaN without.
	LossScale    Number `json:"loss_scale,omitzero"` // of the last step
	SkippedSteps Number `json:"skipped_steps,omitzero"`
}

// Number is a value. NaN stands for a missing one: null in JSON, an empty cell in a table.
type Number float64

// IsZero leaves a missing value of a key with omitzero out of JSON.
func (v Number) IsZero() bool { return math.IsNaN(float64(v)) }

func (v Number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(v)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(v))
}

// shortest, in place of a number of digits, is as many as the value needs.
const shortest = -1

// column is one of metrics.csv.
type column struct {
	name   string
	digits int                // after the point
	field  func(*Metrics) any // *int or *Number
	mixed  bool               // of mixed precision: only in a file in which it has a value
}

// columns are those of metrics.csv, in their order.
var columns = []column{
	{"epoch", 0, func(m *Metrics) any { return &m.Epoch }, false},
	{"steps", 0, func(m *Metrics) any { return &m.Steps }, false},
	{"learning_rate", shortest, func(m *Metrics) any { return &m.LearningRate }, false},
	{"train_loss", 6, func(m *Metrics) any { return &m.TrainLoss }, false},
	{"train_accuracy", 6, func(m *Metrics) any { return &m.TrainAccuracy }, false},
	{"val_loss", 6, func(m *Metrics) any { return &m.ValLoss }, false},
	{"val_accuracy", 6, func(m *Metrics) any { return &m.ValAccuracy }, false},
	{"images_per_second", 1, func(m *Metrics) any { return &m.ImagesPerSecond }, false},
	{"seconds", 2, func(m *Metrics) any { return &m.Seconds }, false},
	{"device_busy", 4, func(m *Metrics) any { return &m.DeviceBusy }, false},
	{"loss_scale", shortest, func(m *Metrics) any { return &m.LossScale }, true},
	{"skipped_steps", 0, func(m *Metrics) any { return &m.SkippedSteps }, true},
}

// MetricsOf are those of an epoch that is over.
func MetricsOf(e training.EpochEnded) Metrics {
	m := metricsSoFar(e.Progress, e.TotalSteps)
	m.Seconds = Number((e.Elapsed + e.ValTime).Seconds())
	if e.Validation.Total > 0 {
		m.ValLoss, m.ValAccuracy = Number(e.Validation.Loss()), Number(e.Validation.Accuracy())
	}
	if e.Busy > 0 {
		m.DeviceBusy = Number(e.BusyShare())
	}
	return m.rounded()
}

// metricsOfPart are those of an epoch that was cut short.
func metricsOfPart(s *training.Stopped) Metrics {
	return metricsSoFar(s.Progress, s.TotalSteps).rounded()
}

func metricsSoFar(p training.Progress, steps int) Metrics {
	none := Number(math.NaN())
	m := Metrics{
		Epoch: p.Epoch, Steps: steps, LearningRate: Number(p.Rate), TrainLoss: Number(p.Loss), TrainAccuracy: Number(p.Accuracy),
		ValLoss: none, ValAccuracy: none, ImagesPerSecond: Number(p.ImagesPerSecond()), Seconds: Number(p.Elapsed.Seconds()), DeviceBusy: none,
		LossScale: none, SkippedSteps: none,
	}
	if p.Scale > 0 {
		m.LossScale, m.SkippedSteps = Number(p.Scale), Number(p.Skipped)
	}
	return m
}

// rounded are the metrics as they are read back from the file.
func (m Metrics) rounded() Metrics {
	for _, c := range columns {
		if v, ok := c.field(&m).(*Number); ok {
			*v, _ = parseNumber(v.Text(c.digits))
		}
	}
	return m
}

// metricsText is what metrics.csv holds.
func metricsText(epochs []Metrics) []byte {
	var out bytes.Buffer
	w, columns := csv.NewWriter(&out), columnsOf(epochs)
	var row []string
	for _, c := range columns {
		row = append(row, c.name)
	}
	w.Write(row)
	for _, m := range epochs {
		for i, c := range columns {
			switch v := c.field(&m).(type) {
			case *int:
				row[i] = strconv.Itoa(*v)
			case *Number:
				row[i] = v.Text(c.digits)
			}
		}
		w.Write(row)
	}
	w.Flush()
	return out.Bytes()
}

// columnsOf are the columns that the epochs' file has.
func columnsOf(epochs []Metrics) []column {
	scaled := slices.ContainsFunc(epochs, func(m Metrics) bool { return !m.LossScale.IsZero() })
	return slices.DeleteFunc(slices.Clone(columns), func(c column) bool { return c.mixed && !scaled })
}

// parseMetrics reads what metricsText wrote. A column that the file lacks, since an earlier version wrote it, has no value.
func parseMetrics(text string) ([]Metrics, error) {
	table, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", MetricsFile, err)
	}
	if len(table) == 0 {
		return nil, fmt.Errorf("%s: the line with the columns' names is missing", MetricsFile)
	}
	at := map[string]int{}
	for i, name := range table[0] {
		at[name] = i
	}
	out := make([]Metrics, len(table)-1)
	for i, row := range table[1:] {
		for _, c := range columns {
			cell := ""
			if i, has := at[c.name]; has {
				cell = row[i]
			}
			switch v := c.field(&out[i]).(type) {
			case *int:
				*v, err = strconv.Atoi(cell)
			case *Number:
				*v, err = parseNumber(cell)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: row %d: %s %q: %w", MetricsFile, i+1, c.name, cell, errors.Unwrap(err))
			}
		}
	}
	return out, nil
}

// Text is the number in a cell.
func (v Number) Text(digits int) string {
	switch {
	case math.IsNaN(float64(v)):
		return ""
	case digits == shortest:
		return fmt.Sprintf("%g", float64(v))
	}
	return strconv.FormatFloat(float64(v), 'f', digits, 64)
}

// parseNumber is a cell's number.
func parseNumber(cell string) (Number, error) {
	if cell == "" {
		return Number(math.NaN()), nil
	}
	v, err := strconv.ParseFloat(cell, 64)
	return Number(v), err
}

// point is an epoch of the curves.
func (m Metrics) point() chart.Epoch {
	return chart.Epoch{Number: m.Epoch, Rate: float64(m.LearningRate), TrainLoss: float64(m.TrainLoss), TrainAccuracy: float64(m.TrainAccuracy),
		ValLoss: float64(m.ValLoss), ValAccuracy: float64(m.ValAccuracy)}
}
