package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"strconv"
	"strings"

	"cnnvk/cmd/cnnvk/chart"
	"cnnvk/net/training"
)

// metricsHeader names the columns of metrics.csv. An epoch that was not validated has nothing in those of the validation.
const metricsHeader = "epoch,steps,learning_rate,train_loss,train_accuracy,val_loss,val_accuracy,images_per_second,seconds,device_busy"

// metricsRow is the row of an epoch that is over.
func metricsRow(e training.EpochEnded) string {
	validation := ","
	if e.Validation.Total > 0 {
		validation = fmt.Sprintf("%.6f,%.6f", e.Validation.Loss(), e.Validation.Accuracy())
	}
	return rowOf(e.Progress, e.TotalSteps, validation, (e.Elapsed + e.ValTime).Seconds(), busyText(e))
}

// partRow is the row of an epoch that was cut short.
func partRow(s *training.Stopped) string {
	return rowOf(s.Progress, s.TotalSteps, ",", s.Elapsed.Seconds(), "")
}

func rowOf(p training.Progress, steps int, validation string, seconds float64, busy string) string {
	return fmt.Sprintf("%d,%d,%g,%.6f,%.6f,%s,%.1f,%.2f,%s",
		p.Epoch, steps, p.Rate, p.Loss, p.Accuracy, validation, rate(p), seconds, busy)
}

// busyText is the share of an epoch in which the device worked, "" where it does not tell.
func busyText(e training.EpochEnded) string {
	if e.Busy == 0 {
		return ""
	}
	return fmt.Sprintf("%.4f", e.BusyShare())
}

func tableOfRows(rows []string) []byte { return []byte(strings.Join(rows, "\n") + "\n") }

// curvesOf reads the rows of metrics.csv, its header the first of them.
func curvesOf(rows []string) ([]chart.Epoch, error) {
	table, err := csv.NewReader(strings.NewReader(string(tableOfRows(rows)))).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", metricsFile, err)
	}
	var out []chart.Epoch
	for i, row := range table[1:] {
		var v [7]float64
		for at := range v {
			if v[at], err = valueOf(row[at]); err != nil {
				return nil, fmt.Errorf("%s: row %d: %w", metricsFile, i+1, err)
			}
		}
		out = append(out, chart.Epoch{Number: int(v[0]), Rate: v[2], TrainLoss: v[3], TrainAccuracy: v[4], ValLoss: v[5], ValAccuracy: v[6]})
	}
	return out, nil
}

// valueOf is a cell's number, NaN of an empty one.
func valueOf(cell string) (float64, error) {
	if cell == "" {
		return math.NaN(), nil
	}
	return strconv.ParseFloat(cell, 64)
}
