package run

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"cnnvk/net"
	"cnnvk/net/training"
)

const header = "epoch,steps,learning_rate,train_loss,train_accuracy,val_loss,val_accuracy,images_per_second,seconds,device_busy\n"

// TestMetrics: an epoch's metrics are the same in the row that is written, read back from it, and in its event.
func TestMetrics(t *testing.T) {
	second := training.Progress{Epoch: 2, Images: 90, Elapsed: 700 * time.Millisecond, Loss: 4.25, Accuracy: 1. / 3, Rate: 1e-05}
	for _, c := range []struct {
		m          Metrics
		row, event string
	}{
		{MetricsOf(training.EpochEnded{Progress: second, TotalSteps: 6, Validation: net.Score{LossSum: 20, Correct: 1, Total: 7}, ValTime: time.Second, Wall: 3, Busy: 2}),
			"2,6,1e-05,4.250000,0.333333,2.857143,0.142857,128.6,1.70,0.6667",
			`{"epoch":2,"learning_rate":0.00001,"train_loss":4.25,"train_accuracy":0.333333,"val_loss":2.857143,"val_accuracy":0.142857,"best":true}`},
		{MetricsOf(training.EpochEnded{Progress: second, TotalSteps: 6}),
			"2,6,1e-05,4.250000,0.333333,,,128.6,0.70,",
			`{"epoch":2,"learning_rate":0.00001,"train_loss":4.25,"train_accuracy":0.333333,"val_loss":null,"val_accuracy":null,"best":true}`},
		{metricsOfPart(&training.Stopped{Progress: training.Progress{Epoch: 1}, TotalSteps: 0}),
			"1,0,0,0.000000,0.000000,,,0.0,0.00,",
			`{"epoch":1,"learning_rate":0,"train_loss":0,"train_accuracy":0,"val_loss":null,"val_accuracy":null,"best":true}`},
		{metricsOfPart(&training.Stopped{Progress: training.Progress{Epoch: 1, LossScale: training.LossScale{Scale: 65536, Skipped: 3}}, TotalSteps: 5}),
			"1,5,0,0.000000,0.000000,,,0.0,0.00,,65536,3",
			`{"epoch":1,"learning_rate":0,"train_loss":0,"train_accuracy":0,"val_loss":null,"val_accuracy":null,"loss_scale":65536,"skipped_steps":3,"best":true}`},
		{metricsOfPart(&training.Stopped{Progress: training.Progress{Epoch: 1, LossScale: training.LossScale{Scale: 1}}, TotalSteps: 5}),
			"1,5,0,0.000000,0.000000,,,0.0,0.00,,1,0",
			`{"epoch":1,"learning_rate":0,"train_loss":0,"train_accuracy":0,"val_loss":null,"val_accuracy":null,"loss_scale":1,"skipped_steps":0,"best":true}`},
	} {
		text, first := metricsText([]Metrics{c.m}), header
		if c.m.LossScale > 0 {
			first = strings.TrimSuffix(header, "\n") + ",loss_scale,skipped_steps\n"
		}
		if want := first + c.row + "\n"; string(text) != want {
			t.Errorf("written %q, want %q", text, want)
		}
		back, err := parseMetrics(string(text))
		if err != nil || len(back) != 1 {
			t.Fatalf("read back %+v, %v", back, err)
		}
		for _, column := range columns {
			if is, was := column.field(&back[0]), column.field(&c.m); !same(is, was) {
				t.Errorf("%s: read back %v, was %v", column.name, is, was)
			}
		}
		if event, err := json.Marshal(epochEvent{c.m, true}); err != nil || string(event) != c.event {
			t.Errorf("event %s, %v, want %s", event, err, c.event)
		}
	}
}

// same compares two fields of metrics, among which a NaN is a NaN.
func same(a, b any) bool {
	if a, ok := a.(*Number); ok {
		b := b.(*Number)
		return *a == *b || math.IsNaN(float64(*a)) && math.IsNaN(float64(*b))
	}
	return *a.(*int) == *b.(*int)
}

// TestParseMetrics: columns are found by their names, and what is no table of metrics is refused.
func TestParseMetrics(t *testing.T) {
	earlier, err := parseMetrics("epoch,steps,train_loss,learning_rate\n1,3,4.5,0.001\n")
	if err != nil || len(earlier) != 1 || earlier[0].TrainLoss != 4.5 || earlier[0].LearningRate != 0.001 || same(&earlier[0].DeviceBusy, new(Number)) {
		t.Errorf("%+v, %v", earlier, err)
	}
	for text, says := range map[string]string{
		"": "columns' names",
		header + "1,3,x,4.5,0.02,4.6,0.01,100.0,1.00,0.99\n":     `row 1: learning_rate "x"`,
		header + "1.5,3,0.001,4.5,0.02,4.6,0.01,100.0,1.00,\n":   `row 1: epoch "1.5"`,
		header + "1,3,0.001,4.5,0.02\n":                          "wrong number of fields",
		"learning_rate,train_loss,steps\n0.1,4,2\n0.001,4.5,3\n": `row 1: epoch ""`,
	} {
		if _, err := parseMetrics(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
