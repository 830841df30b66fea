package chart

import (
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Classes draws a bar for the accuracy of each class, 0 to 1, the highest on top.
func Classes(title string, names []string, accuracy []float64) (Picture, error) {
	order := make([]int, len(names))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { // bars are drawn from below
		switch {
		case accuracy[a] < accuracy[b]:
			return -1
		case accuracy[a] > accuracy[b]:
			return 1
		}
		return b - a
	})
	values, labels := make(plotter.Values, len(order)), make([]string, len(order))
	for i, class := range order {
		values[i], labels[i] = 100*accuracy[class], inWords(names[class])
	}
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text = "accuracy, %"
	bars, err := plotter.NewBarChart(values, vg.Points(5))
	if err != nil {
		return Picture{}, err
	}
	bars.Horizontal, bars.Color, bars.LineStyle.Width = true, blue, 0
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Width = faint, 0
	p.Add(grid, bars)
	p.X.Min, p.X.Max = 0, 100
	p.NominalY(labels...)
	var ticks []plot.Tick
	for v := 0; v <= 100; v += 10 {
		ticks = append(ticks, plot.Tick{Value: float64(v), Label: strconv.Itoa(v)})
	}
	p.X.Tick.Marker = plot.ConstantTicks(ticks)
	p.Y.Tick.Label.Font.Size = vg.Points(6)
	height := vg.Points(7.5)*vg.Length(len(names)) + 3*vg.Centimeter
	return Picture{16 * vg.Centimeter, height, func(c draw.Canvas) { stacked(c, []*plot.Plot{p}) }}, nil
}

// inWords is a label's name with spaces.
func inWords(name string) string { return strings.ReplaceAll(name, "_", " ") }

// Group is a superclass: the classes from First up to the next group's.
type Group struct {
	Name  string
	First int
}

// Confusion draws a square for every pair of label (row, from the top) and prediction (column), the darker the larger its share
// of the row. counts is (n,n); groups are marked by lines.
func Confusion(title string, n int, counts []int, groups []Group) (Picture, error) {
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text, p.Y.Label.Text = "found", "label"
	heat := plotter.NewHeatMap(shares{n, counts}, whiteToBlue{})
	heat.Min, heat.Max = 0, 1
	p.Add(heat)
	var ticksX, ticksY []plot.Tick
	for i, g := range groups {
		end := n
		if i+1 < len(groups) {
			end = groups[i+1].First
		}
		middle := float64(g.First+end-1) / 2
		ticksX = append(ticksX, plot.Tick{Value: middle, Label: inWords(g.Name)})
		ticksY = append(ticksY, plot.Tick{Value: float64(n-1) - middle, Label: inWords(g.Name)})
		if g.First == 0 {
			continue
		}
		at := float64(g.First) - 0.5
		for _, ends := range []plotter.XYs{{{X: at, Y: -0.5}, {X: at, Y: float64(n) - 0.5}}, {{X: -0.5, Y: float64(n-1) - at}, {X: float64(n) - 0.5, Y: float64(n-1) - at}}} {
			line, err := plotter.NewLine(ends)
			if err != nil {
				return Picture{}, err
			}
			line.Color, line.Width = faint, vg.Points(0.5)
			p.Add(line)
		}
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.ConstantTicks(ticksX), plot.ConstantTicks(ticksY)
	p.X.Tick.Label.Rotation, p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = 1.2, text.XRight, text.YCenter
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = vg.Points(7), vg.Points(7)
	return Picture{20 * vg.Centimeter, 20 * vg.Centimeter, func(c draw.Canvas) { stacked(c, []*plot.Plot{p}) }}, nil
}

// shares is a matrix of counts as plotter.GridXYZ: what part of its row each is. The first row lies on top.
type shares struct {
	n      int
	counts []int
}

func (s shares) Dims() (columns, rows int) { return s.n, s.n }
func (s shares) X(column int) float64      { return float64(column) }
func (s shares) Y(row int) float64         { return float64(row) }

func (s shares) Z(column, row int) float64 {
	counts := s.counts[(s.n-1-row)*s.n:][:s.n]
	sum := 0
	for _, v := range counts {
		sum += v
	}
	return float64(counts[column]) / float64(max(sum, 1))
}

// whiteToBlue is the palette of shares. Small ones are spread, for most squares hold a few percent.
type whiteToBlue struct{}

func (whiteToBlue) Colors() []color.Color {
	const steps = 64
	var out []color.Color
	for i := range steps {
		share := float64(i) / (steps - 1)
		mix := func(to uint8) uint8 { return uint8(255 - (255-float64(to))*math.Sqrt(share)) }
		out = append(out, color.RGBA{mix(0x08), mix(0x30), mix(0x6b), 0xff})
	}
	return out
}
