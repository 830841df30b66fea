package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Epoch is a point of each curve. Accuracies are from 0 to 1; NaN stands for a missing value.
type Epoch struct {
	Number                   int
	TrainLoss, TrainAccuracy float64
	ValLoss, ValAccuracy     float64
	Rate                     float64
}

// Curves draws loss, accuracy and learning rate by epoch, below each other. The best validation accuracy is marked.
func Curves(title string, epochs []Epoch) (Picture, error) {
	loss, err := panel(epochs, "loss",
		curve{"training", blue, func(e Epoch) float64 { return e.TrainLoss }},
		curve{"validation", orange, func(e Epoch) float64 { return e.ValLoss }})
	if err != nil {
		return Picture{}, err
	}
	accuracy, err := panel(epochs, "accuracy, %",
		curve{"training", blue, func(e Epoch) float64 { return 100 * e.TrainAccuracy }},
		curve{"validation", orange, func(e Epoch) float64 { return 100 * e.ValAccuracy }})
	if err != nil {
		return Picture{}, err
	}
	accuracy.Legend.Top, accuracy.Legend.Left = true, true
	accuracy.Y.Min = 0
	if err := markBest(accuracy, epochs); err != nil {
		return Picture{}, err
	}
	rate, err := panel(epochs, "learning rate", curve{"", blue, func(e Epoch) float64 { return e.Rate }})
	if err != nil {
		return Picture{}, err
	}
	rate.Y.Min = 0
	loss.Title.Text = title
	rate.X.Label.Text = "epoch"
	plots := []*plot.Plot{loss, accuracy, rate}
	return Picture{16 * vg.Centimeter, 20 * vg.Centimeter, func(c draw.Canvas) { stacked(c, plots) }}, nil
}

// curve is a line of a plot: its name, colour and values.
type curve struct {
	name   string
	colour color.Color
	value  func(Epoch) float64
}

func panel(epochs []Epoch, label string, curves ...curve) (*plot.Plot, error) {
	p := plot.New()
	p.Y.Label.Text = label
	p.Legend.Top, p.Legend.Padding = true, vg.Points(3)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = faint, faint
	p.Add(grid)
	for _, c := range curves {
		points := pointsOf(epochs, c.value)
		if len(points) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, err
		}
		line.Color, line.Width = c.colour, vg.Points(1.5)
		dots.Color, dots.Shape, dots.Radius = c.colour, draw.CircleGlyph{}, vg.Points(1.5)
		p.Add(line, dots)
		if c.name != "" {
			p.Legend.Add(c.name, line)
		}
	}
	if len(epochs) > 0 {
		p.X.Min, p.X.Max = 1, float64(max(epochs[len(epochs)-1].Number, 2))
	}
	return p, nil
}

// markBest draws a ring around the best validation accuracy.
func markBest(p *plot.Plot, epochs []Epoch) error {
	points := pointsOf(epochs, func(e Epoch) float64 { return 100 * e.ValAccuracy })
	if len(points) == 0 {
		return nil
	}
	best := points[0]
	for _, x := range points {
		if x.Y > best.Y {
			best = x
		}
	}
	ring, err := plotter.NewScatter(plotter.XYs{best})
	if err != nil {
		return err
	}
	ring.Color, ring.Shape, ring.Radius = orange, draw.RingGlyph{}, vg.Points(4)
	p.Add(ring)
	return nil
}

// pointsOf are the points of a curve, without missing values.
func pointsOf(epochs []Epoch, value func(Epoch) float64) plotter.XYs {
	var out plotter.XYs
	for _, e := range epochs {
		if v := value(e); !math.IsNaN(v) && !math.IsInf(v, 0) {
			out = append(out, plotter.XY{X: float64(e.Number), Y: v})
		}
	}
	return out
}
