package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"cnnvk/cmd/cnnvk/chart"
	"cnnvk/net/training"
)

// metrics are the numbers of an epoch: a row of metrics.csv, and, those that have a key, what an event tells of it. They have
// the digits that the file has.
type metrics struct {
	Epoch           int    `json:"epoch"`
	Steps           int    `json:"-"` // since the training began
	LearningRate    number `json:"learning_rate"`
	TrainLoss       number `json:"train_loss"`
	TrainAccuracy   number `json:"train_accuracy"` // 0 to 1
	ValLoss         number `json:"val_loss"`       // those of the validation are NaN where there was none
	ValAccuracy     number `json:"val_accuracy"`
	ImagesPerSecond number `json:"-"`
	Seconds         number `json:"-"`
	DeviceBusy      number `json:"-"` // 0 to 1; NaN where the device does not tell
}

// number is a value, or NaN where there is none: null in JSON, and nothing in a table.
type number float64

func (v number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(v)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(v))
}

// shortest are the digits of a number that is written with as many as it needs.
const shortest = -1

// columns are those of metrics.csv, in their order.
var columns = []struct {
	name   string
	digits int                // after the point
	field  func(*metrics) any // *int or *number
}{
	{"epoch", 0, func(m *metrics) any { return &m.Epoch }},
	{"steps", 0, func(m *metrics) any { return &m.Steps }},
	{"learning_rate", shortest, func(m *metrics) any { return &m.LearningRate }},
	{"train_loss", 6, func(m *metrics) any { return &m.TrainLoss }},
	{"train_accuracy", 6, func(m *metrics) any { return &m.TrainAccuracy }},
	{"val_loss", 6, func(m *metrics) any { return &m.ValLoss }},
	{"val_accuracy", 6, func(m *metrics) any { return &m.ValAccuracy }},
	{"images_per_second", 1, func(m *metrics) any { return &m.ImagesPerSecond }},
	{"seconds", 2, func(m *metrics) any { return &m.Seconds }},
	{"device_busy", 4, func(m *metrics) any { return &m.DeviceBusy }},
}

// metricsOf are those of an epoch that is over.
func metricsOf(e training.EpochEnded) metrics {
	m := metricsSoFar(e.Progress, e.TotalSteps)
	m.Seconds = number((e.Elapsed + e.ValTime).Seconds())
	if e.Validation.Total > 0 {
		m.ValLoss, m.ValAccuracy = number(e.Validation.Loss()), number(e.Validation.Accuracy())
	}
	if e.Busy > 0 {
		m.DeviceBusy = number(e.BusyShare())
	}
	return m.rounded()
}

// metricsOfPart are those of an epoch that was cut short.
func metricsOfPart(s *training.Stopped) metrics {
	return metricsSoFar(s.Progress, s.TotalSteps).rounded()
}

func metricsSoFar(p training.Progress, steps int) metrics {
	none := number(math.NaN())
	return metrics{
		Epoch: p.Epoch, Steps: steps, LearningRate: number(p.Rate), TrainLoss: number(p.Loss), TrainAccuracy: number(p.Accuracy),
		ValLoss: none, ValAccuracy: none, ImagesPerSecond: number(p.ImagesPerSecond()), Seconds: number(p.Elapsed.Seconds()), DeviceBusy: none,
	}
}

// rounded are the metrics as they are read back from the file.
func (m metrics) rounded() metrics {
	for _, c := range columns {
		if v, ok := c.field(&m).(*number); ok {
			*v, _ = parseNumber(v.text(c.digits))
		}
	}
	return m
}

// metricsText is what metrics.csv holds.
func metricsText(epochs []metrics) []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
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
			case *number:
				row[i] = v.text(c.digits)
			}
		}
		w.Write(row)
	}
	w.Flush()
	return out.Bytes()
}

// parseMetrics reads what metricsText wrote. A column that an earlier version did not have has no value.
func parseMetrics(text string) ([]metrics, error) {
	table, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", metricsFile, err)
	}
	if len(table) == 0 {
		return nil, fmt.Errorf("%s: there are no names of columns", metricsFile)
	}
	at := map[string]int{}
	for i, name := range table[0] {
		at[name] = i
	}
	out := make([]metrics, len(table)-1)
	for i, row := range table[1:] {
		for _, c := range columns {
			cell := ""
			if i, has := at[c.name]; has {
				cell = row[i]
			}
			switch v := c.field(&out[i]).(type) {
			case *int:
				*v, err = strconv.Atoi(cell)
			case *number:
				*v, err = parseNumber(cell)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: row %d: %s %q: %w", metricsFile, i+1, c.name, cell, errors.Unwrap(err))
			}
		}
	}
	return out, nil
}

// text is the number in a cell.
func (v number) text(digits int) string {
	switch {
	case math.IsNaN(float64(v)):
		return ""
	case digits == shortest:
		return fmt.Sprintf("%g", float64(v))
	}
	return strconv.FormatFloat(float64(v), 'f', digits, 64)
}

// parseNumber is a cell's number.
func parseNumber(cell string) (number, error) {
	if cell == "" {
		return number(math.NaN()), nil
	}
	v, err := strconv.ParseFloat(cell, 64)
	return number(v), err
}

// point is an epoch of the curves.
func (m metrics) point() chart.Epoch {
	return chart.Epoch{Number: m.Epoch, Rate: float64(m.LearningRate), TrainLoss: float64(m.TrainLoss), TrainAccuracy: float64(m.TrainAccuracy),
		ValLoss: float64(m.ValLoss), ValAccuracy: float64(m.ValAccuracy)}
}
