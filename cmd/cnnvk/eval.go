package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/engine"
	"cnnvk/internal/hints"
	"cnnvk/net"
)

func (p program) evalCommand() *cli.Command {
	return &cli.Command{
		Name:  "eval",
		Usage: "evaluate weights on the test set",
		Flags: append([]cli.Flag{
			dataFlag(),
			weightsFlag(),
			ofModelFlag(),
			resizeFlag("as the weights were trained"),
			deviceFlag(),
			noTuneFlag(),
			&cli.IntFlag{Name: "batch-size", Value: 128, Usage: "images evaluated at once; it changes no result"},
			&cli.StringFlag{Name: "tta", Value: ttaNone, Usage: choice(ttas) + ": test-time augmentation; with flip an image's logits are the mean of its own and its mirror image's"},
			normalizeFlag(),
			&cli.PathFlag{Name: "out", Usage: "folder `DIR` for tables and pictures by class (default: eval/best for a run's best weights)"},
			&cli.BoolFlag{Name: "no-report", Usage: "write no tables and pictures"},
			jsonFlag(),
		}, append(ampFlags("activations are stored"), verbosityFlags()...)...),
		Action: p.evaluate,
	}
}

// The values of --tta.
const (
	ttaNone = "none"
	ttaFlip = "flip"
)

var ttas = []string{ttaNone, ttaFlip}

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
	TTA         string     `json:"tta,omitempty"` // test-time augmentation, if any
	AMP         string     `json:"amp,omitempty"` // what mixed precision stored
	DataMD5     string     `json:"data_md5"`
	Part        string     `json:"part"` // of the data that was evaluated: test, validation, held-out, or "" for all
	Device      string     `json:"device"`
	Driver      string     `json:"driver"`
	Report      string     `json:"report,omitempty"` // the folder of tables and pictures by class
}

func (p program) evaluate(c *cli.Context) error {
	s, err := p.newConsole(c, c.Bool("json"))
	if err != nil {
		return err
	}
	if c.String("weights") == "" {
		return hints.With(usagef("eval needs --weights FILE"), whereWeights)
	}
	if c.Bool("no-report") && c.String("out") != "" {
		return usagef("--no-report and --out: use one of them")
	}
	if c.Int("batch-size") < 1 {
		return usagef("--batch-size %d: use 1 or more", c.Int("batch-size"))
	}
	if tta := c.String("tta"); !slices.Contains(ttas, tta) {
		return usagef("--tta %q: use %s", tta, net.OneOf(ttas))
	}
	stored, err := storedBy(c)
	if err != nil {
		return err
	}
	path, w, in, err := weightsNamed(c, s)
	if err != nil {
		return err
	}
	w.Stored = stored
	normalize := normalizing(c, s, w, in)
	images, err := p.testSet(c, s, w, in)
	if err != nil {
		return err
	}
	set := images.Set
	if err := fits(s, path, in, set); err != nil {
		return err
	}
	mean, std := normalize(set)
	result, predicted, err := score(c, s, w, dataOf(set, mean, std))
	if err != nil {
		return err
	}
	result.DataMD5, result.Part = images.md5, images.part
	folder := reportOf(c.String("out"), path)
	if c.Bool("no-report") || folder == "" {
		return tellResult(c, s, result)
	}
	title := fmt.Sprintf("%s, %s: %.2f %% of %s%s", w.Model.Name, filepath.Base(path), result.Accuracy, strings.TrimPrefix(fmt.Sprintf("%d %s images", result.Total, images.part), " "), withTTA(result))
	return tellReported(c, s, result, folder, newClassReport(title, set, predicted).write(folder))
}

// tellReported prints the result of an evaluation and where its tables and pictures are. unwritten says why they could not be written: an
// error if --out asked for them, else a warning.
func tellReported(c *cli.Context, s *console, result *evalResult, folder string, unwritten error) error {
	if unwritten == nil {
		result.Report = folder
	}
	if err := tellResult(c, s, result); err != nil {
		return err
	}
	switch {
	case unwritten == nil:
		s.say("accuracy by class and confusion matrix are in %s\n", folder)
	case c.String("out") == "":
		s.log.Warn("no accuracy by class and no confusion matrix", "error", unwritten)
		return nil
	}
	return unwritten
}

// tellResult prints the result of an evaluation.
func tellResult(c *cli.Context, s *console, result *evalResult) error {
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(result)
	}
	s.say("top-5 accuracy %.2f %%, loss %.4f\n", 100*float64(result.CorrectTop5)/float64(result.Total), result.Loss)
	s.result("accuracy %.2f %% (%d of %d), 95 %% interval %.2f to %.2f %%%s\n",
		result.Accuracy, result.Correct, result.Total, result.Interval95[0], result.Interval95[1], withTTA(result))
	return nil
}

// withTTA names the test-time augmentation, if there was one.
func withTTA(r *evalResult) string {
	if r.TTA == "" {
		return ""
	}
	return ", with test-time flips"
}

// score evaluates the weights on the machine that --device names.
func score(c *cli.Context, s *console, w *net.Weights, d net.Data) (r *evalResult, predicted []uint8, err error) {
	r = &evalResult{Model: w.Model.Name, Params: w.Model.Parameters()}
	if w.Stored.Half() {
		r.AMP = w.Stored.String()
	}
	batch := min(c.Int("batch-size"), d.Shape.N)
	err = s.onMachine(machine.Options{Device: c.String("device")}, func(m *machine.Machine) error {
		need := evaluationDemand(w, d.Shape)
		if err := m.Admit(need, batch); err != nil {
			return err
		}
		t := machine.Tuning{Off: c.Bool("no-tune"), Limit: startTuning, Rest: restOfTuning(c.String("device"), c.String("model"), w.Model) + ampWords(w.Stored)}
		if err := m.Settle(c.Context, t); err != nil {
			return err
		}
		r.Device, r.Driver = m.Device().Name, m.Device().Driver
		s.say("device: %s, %s\n", r.Device, r.Driver)
		if err := m.Tune(c.Context, t, need, batch); err != nil {
			return err
		}
		var score net.Score
		evaluate := net.Evaluate
		if c.String("tta") == ttaFlip {
			evaluate, r.TTA = net.EvaluateFlips, ttaFlip
		}
		score, predicted, err = evaluate(c.Context, m, w, d, batch)
		if errors.Is(err, net.ErrNotFinite) {
			return fmt.Errorf("the weights in %s: %w", c.String("weights"), err)
		}
		if err != nil {
			return m.OrSmaller(err, need, batch)
		}
		m.LogMemory("after the evaluation")
		low, high := score.Interval()
		r.Correct, r.CorrectTop5, r.Total, r.Loss = score.Correct, score.CorrectTop5, score.Total, score.Loss()
		r.Accuracy, r.Interval95 = 100*score.Accuracy(), [2]float64{100 * low, 100 * high}
		return nil
	})
	return r, predicted, err
}

// evaluationDemand is what an evaluation runs, at whichever batch size.
func evaluationDemand(w *net.Weights, d net.ImageShape) machine.Demand {
	return func(batch int) (*engine.Layout, []*engine.Program, error) {
		programs, err := net.EvaluationPrograms(w, d, batch)
		return w.Layout, programs, err
	}
}
