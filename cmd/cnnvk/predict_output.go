package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"cnnvk/cmd/cnnvk/chart"
	"cnnvk/internal/hints"
	"cnnvk/net"
)

// predictions are what predict --json prints. They are told as they come, in the form that was asked for.
type predictions struct {
	Model       string       `json:"model"`
	Device      string       `json:"device,omitempty"`
	Driver      string       `json:"driver,omitempty"`
	Predictions []prediction `json:"predictions"`
	Unread      []badPicture `json:"unread"`

	classes []string
	k       int
	tell    func(prediction) error
	words   io.Writer // standard error
	kept    bool      // Predictions
	total   int
	cells   []chart.Cell // of the sheet, if there is one
	sheet   string
}

type prediction struct {
	Image string  `json:"image"`
	Top   []guess `json:"top"` // the most probable first
}

type guess struct {
	Label       int     `json:"label"`
	Class       string  `json:"class"`
	Probability float64 `json:"probability"` // 0 to 1
	Logit       float64 `json:"logit"`
}

type badPicture struct {
	Image string `json:"image"`
	Error string `json:"error"`
}

func newPredictions(c *cli.Context, s *console, classes []string) *predictions {
	p := &predictions{
		Predictions: []prediction{}, Unread: []badPicture{}, classes: classes, k: c.Int("k"), words: c.App.ErrWriter, sheet: c.String("out"),
	}
	switch {
	case c.Bool("json"):
		p.kept, p.tell = true, func(prediction) error { return nil }
	case c.Bool("csv"):
		p.tell = csvTeller(s.out)
	default:
		p.tell = func(of prediction) error { return tellLine(s.out, of) }
	}
	return p
}

// tellLine prints a prediction in a line.
func tellLine(out io.Writer, p prediction) error {
	var found []string
	for _, g := range p.Top {
		found = append(found, fmt.Sprintf("%s %.2f %%", g.Class, 100*g.Probability))
	}
	_, err := fmt.Fprintf(out, "%s: %s\n", hints.OneLine(p.Image), hints.OneLine(strings.Join(found, ", ")))
	return err
}

// csvTeller prints predictions as rows, the heading above the first.
func csvTeller(out io.Writer) func(prediction) error {
	w := csv.NewWriter(out)
	w.Write([]string{"image", "rank", "label", "class", "probability"})
	return func(p prediction) error {
		for i, g := range p.Top {
			w.Write([]string{p.Image, strconv.Itoa(i + 1), strconv.Itoa(g.Label), g.Class, strconv.FormatFloat(g.Probability, 'g', 6, 64)})
		}
		w.Flush()
		return w.Error()
	}
}

// add tells what was found in a picture. Its error is that nobody can be told any more.
func (p *predictions) add(r reading, logits []float64) error {
	found := prediction{Image: r.name}
	for _, g := range net.Top(logits, p.k) {
		found.Top = append(found.Top, guess{g.Label, p.classes[g.Label], g.Probability, g.Logit})
	}
	p.total++
	if p.kept {
		p.Predictions = append(p.Predictions, found)
	}
	if p.sheet != "" {
		p.addCell(r, found)
	}
	return p.tell(found)
}

// unread tells of a picture that could not be read.
func (p *predictions) unread(name string, err error) {
	p.total++
	p.Unread = append(p.Unread, badPicture{name, hints.OneLine(err.Error())})
	fmt.Fprintf(p.words, "not read: %s: %s\n", hints.OneLine(name), hints.OneLine(err.Error()))
}

// end prints what is to be printed at the end, and draws the sheet. Pictures that were not read are an error in the end.
func (p *predictions) end(c *cli.Context, weights string, w *net.Weights) error {
	p.Model = w.Model.Name
	if p.sheet != "" && len(p.cells) > 0 {
		if err := p.drawSheet(weights); err != nil {
			return err
		}
	}
	if p.kept {
		if err := json.NewEncoder(c.App.Writer).Encode(p); err != nil {
			return err
		}
	}
	if n := len(p.Unread); n > 0 {
		return fmt.Errorf("%d of %d could not be read", n, p.total)
	}
	return nil
}
