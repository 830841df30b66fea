package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/net"
)

func evalCommand() *cli.Command {
	return &cli.Command{
		Name:  "eval",
		Usage: "evaluate weights on the test set",
		Flags: []cli.Flag{
			dataFlag(),
			&cli.StringFlag{Name: "weights", Usage: "`FILE` in safetensors form, ours or with PyTorch's names", Required: true},
			deviceFlag(),
			&cli.IntFlag{Name: "batch-size", Value: 128, Usage: "images evaluated at once; it changes no result"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object on standard output, and nothing else there"},
		},
		Action: evaluate,
	}
}

// evalResult is what eval --json prints.
type evalResult struct {
	Model       string     `json:"model"`
	Params      int        `json:"params"`
	Correct     int        `json:"correct"`
	CorrectTop5 int        `json:"correct_top5"`
	Total       int        `json:"total"`
	Accuracy    float64    `json:"accuracy"` // percent
	Interval95  [2]float64 `json:"interval95"`
	Loss        float64    `json:"loss"`
	DataMD5     string     `json:"data_md5"`
	Device      string     `json:"device"`
	Driver      string     `json:"driver"`
}

func evaluate(c *cli.Context) (err error) {
	words := c.App.Writer
	if c.Bool("json") {
		words = c.App.ErrWriter
	}
	if c.Int("batch-size") < 1 {
		return usagef("--batch-size %d: use at least 1", c.Int("batch-size"))
	}
	w, err := net.LoadWeights(c.String("weights"))
	if err != nil {
		return err
	}
	if err := sayModel(words, w); err != nil {
		return err
	}
	if c.String("data") == "" {
		return hintError{fmt.Errorf("eval needs the test set"), "cnnvk eval --data DIR --weights " + c.String("weights") + ", DIR being a folder with test.bin"}
	}
	set, err := cifar.ReadTest(c.String("data"))
	if err != nil {
		return err
	}
	table, err := tableOf(w)
	if err != nil {
		return err
	}
	m, err := openMachine(c.String("device"))
	if err != nil {
		return err
	}
	defer func() {
		if e := m.Close(); err == nil {
			err = e
		}
	}()
	fmt.Fprintf(words, "data: %s in %s, %d images, MD5 %s (%s)\n", set.Name, c.String("data"), set.Len(), set.MD5, knownAs(set.MD5))
	fmt.Fprintf(words, "device: %s, %s\n", m.Device().Name, m.Device().Driver)
	score, err := net.Evaluate(m, w, dataOf(set, table), c.Int("batch-size"))
	if err != nil {
		return err
	}
	low, high := score.Interval()
	if !c.Bool("json") {
		fmt.Fprintf(words, "top-5 accuracy %.2f %%, loss %.4f\n", 100*float64(score.CorrectTop5)/float64(score.Total), score.Loss())
		fmt.Fprintf(words, "accuracy %.2f %% (%d of %d), 95 %% interval %.2f to %.2f %%\n",
			100*score.Accuracy(), score.Correct, score.Total, 100*low, 100*high)
		return nil
	}
	return json.NewEncoder(c.App.Writer).Encode(evalResult{
		Model: w.Model.Name, Params: w.Model.Parameters(), Correct: score.Correct, CorrectTop5: score.CorrectTop5, Total: score.Total,
		Accuracy: 100 * score.Accuracy(), Interval95: [2]float64{100 * low, 100 * high}, Loss: score.Loss(),
		DataMD5: set.MD5, Device: m.Device().Name, Driver: m.Device().Driver,
	})
}

// sayModel prints the parameter count, and refuses a model that breaks the task's rule.
func sayModel(out io.Writer, w *net.Weights) error {
	n := w.Model.Parameters()
	fmt.Fprintf(out, "model: %s, %d parameters\n", w.Model.Name, n)
	if n > net.MaxParameters {
		return fmt.Errorf("the model has %d parameters: more than %d are not evaluated", n, net.MaxParameters)
	}
	return nil
}

// tableOf is the normalisation that the weights were trained with: the file's, or CIFAR-100's where it says none.
func tableOf(w *net.Weights) ([3][256]float32, error) {
	mean, std, named, err := w.Normalization()
	if err != nil || !named {
		return cifar.NormalizeTable(), err
	}
	if mean != cifar.Mean || std != cifar.Std {
		return [3][256]float32{}, fmt.Errorf("the weights want images normalised by mean %v and std %v, which this version does not do", mean, std)
	}
	return cifar.NormalizeTable(), nil
}
