package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/engine"
	"cnnvk/net"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "measure training steps and evaluation on random pixels",
		Flags: []cli.Flag{
			deviceFlag(),
			&cli.IntFlag{Name: "batch-size", Value: 128, Usage: "images in a step"},
			&cli.IntFlag{Name: "repeats", Value: 10, Usage: "steps measured, after 2 that are not"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object on standard output, and nothing else there"},
		},
		Action: bench,
	}
}

// benchResult is what bench --json prints. Times are medians over whole steps, the host's share included.
type benchResult struct {
	Device          string  `json:"device"`
	Driver          string  `json:"driver"`
	BatchSize       int     `json:"batch_size"`
	TrainImgS       float64 `json:"train_img_s"`
	EvalImgS        float64 `json:"eval_img_s"`
	PeakDeviceBytes int64   `json:"peak_device_bytes"` // all but the resident data set; 0 with --device cpu
}

// benchImages is the size of the random data set.
const benchImages = 1024

// warmUps are the steps that are not measured: the first ones compile shaders and touch memory.
const warmUps = 2

func bench(c *cli.Context) error {
	batch, repeats := c.Int("batch-size"), c.Int("repeats")
	if batch < 1 || batch > cifar.TrainRecords {
		return usagef("--batch-size %d: use 1 to %d", batch, cifar.TrainRecords)
	}
	if repeats < 1 {
		return usagef("--repeats %d: use 1 or more", repeats)
	}
	var r *benchResult
	err := onMachine(c.String("device"), func(m *machine) (err error) {
		r, err = measure(m, batch, repeats)
		return err
	})
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(r)
	}
	fmt.Fprintf(c.App.Writer, "device: %s, %s\nrandom pixels, batch %d, median of %d\n", r.Device, r.Driver, batch, repeats)
	fmt.Fprintf(c.App.Writer, "train %.1f images/s, eval %.1f images/s, device memory %.0f MB without the data set\n",
		r.TrainImgS, r.EvalImgS, float64(r.PeakDeviceBytes)/1e6)
	return nil
}

func measure(m *machine, batch, repeats int) (*benchResult, error) {
	b, err := newBencher(m, batch)
	if err != nil {
		return nil, orSmaller(err, batch)
	}
	defer b.session.Close()
	train, err := b.median(b.train, repeats)
	if err != nil {
		return nil, err
	}
	eval, err := b.median(b.eval, repeats)
	if err != nil {
		return nil, err
	}
	return &benchResult{
		Device: m.Device().Name, Driver: m.Device().Driver, BatchSize: batch,
		TrainImgS: float64(batch) / train.Seconds(), EvalImgS: float64(batch) / eval.Seconds(),
		PeakDeviceBytes: max(m.peakBytes()-b.session.ResidentBytes(), 0),
	}, nil
}

// bencher is the recipe's training step and evaluation on random pixels.
type bencher struct {
	session     engine.Session
	train, eval *engine.Program
	steps       int
}

func newBencher(m *machine, batch int) (*bencher, error) {
	recipe := net.DefaultRecipe()
	model, err := net.SmallCIFARNet(recipe.Widths, true)
	if err != nil {
		return nil, err
	}
	layout, err := model.Layout(2)
	if err != nil {
		return nil, err
	}
	shape := net.Images{N: max(benchImages, batch), C: cifar.Channels, H: cifar.Side, W: cifar.Side}
	b := &bencher{}
	if b.train, err = net.TrainProgram(model, layout, recipe, shape, batch); err != nil {
		return nil, err
	}
	if b.eval, err = net.EvalProgram(model, layout, engine.EMA, shape, batch); err != nil {
		return nil, err
	}
	if b.session, err = m.NewSession(layout, []*engine.Program{b.train, b.eval}, engine.PlanOptions{}); err != nil {
		return nil, err
	}
	if err := b.fill(model, layout, shape); err != nil {
		b.session.Close()
		return nil, err
	}
	return b, nil
}

func (b *bencher) fill(model *net.Model, layout *engine.Layout, shape net.Images) error {
	pixels := make([]byte, shape.N*cifar.ImageBytes)
	random := rand.NewChaCha8([32]byte{})
	random.Read(pixels)
	set := &cifar.Set{Images: pixels, Labels: make([]uint8, shape.N)}
	d := dataOf(set, cifar.NormalizeTable())
	if err := b.session.SetResident(net.ResidentImages, d.Images); err != nil {
		return err
	}
	if err := b.session.SetResident(net.ResidentTable, d.Table); err != nil {
		return err
	}
	initial, err := model.Initial(0, layout)
	if err != nil {
		return err
	}
	for _, a := range []engine.Arena{engine.Model, engine.EMA} {
		if err := b.session.WriteArena(a, initial); err != nil {
			return err
		}
	}
	return nil
}

// median times whole steps: filling the record, the device's work, and reading the report.
func (b *bencher) median(p *engine.Program, repeats int) (time.Duration, error) {
	var times []time.Duration
	r := engine.NewRecord(p)
	for i := range warmUps + repeats {
		began := time.Now()
		for n := range r.Uints(net.InputIndices) {
			r.Uints(net.InputIndices)[n] = uint32(n)
			r.Uints(net.InputLabels)[n] = uint32(n % cifar.Classes)
		}
		if p == b.train {
			b.steps++
			net.SetRandom(r.Uints(net.InputRandom), 0, b.steps-1)
			net.SetRates(r.Floats(net.InputRates), 1e-3, b.steps)
		}
		if err := b.session.Run(p, r); err != nil {
			return 0, err
		}
		if _, err := b.session.Reports(); err != nil {
			return 0, err
		}
		if i >= warmUps {
			times = append(times, time.Since(began))
		}
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
