package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/net"
	"cnnvk/net/training"
)

func summaryCommand() *cli.Command {
	d := training.DefaultRecipe()
	return &cli.Command{
		Name:  "summary",
		Usage: "list a model's layers, parameters and multiply-adds, and the memory that training it takes",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "model", Value: d.Model, Usage: aModel + ": " + strings.Join(net.ModelNames(), ", ")},
			&cli.StringFlag{Name: "widths", Usage: "output channels of the model's blocks, `N,N,...` (default: the reference's)"},
			&cli.IntFlag{Name: "batch-size", Value: d.BatchSize, Usage: "images in a step"},
			deviceFlag(),
			&cli.BoolFlag{Name: "yaml", Usage: "print the network's file instead, for one of your own to start from"},
			jsonFlag(),
		}, ampFlags("the training stores activations and their gradients")...),
		Action: summary,
	}
}

// summaryResult is what summary --json prints.
type summaryResult struct {
	Model        string              `json:"model"`
	Widths       []int               `json:"widths"`
	Layers       []net.LayerSummary  `json:"layers"`
	Parameters   int                 `json:"parameters"`
	MaxParams    int                 `json:"max_parameters"` // of a model that eval takes
	MultiplyAdds int64               `json:"multiply_adds"`  // forward, of one image
	BatchSize    int                 `json:"batch_size"`
	AMP          string              `json:"amp,omitempty"` // what mixed precision stores
	Device       string              `json:"device"`
	Memory       *machine.MemoryNeed `json:"memory"`      // null where it is not known
	MemoryNote   string              `json:"memory_note"` // why it is not
}

func summary(c *cli.Context) error {
	r := training.DefaultRecipe()
	r.BatchSize = c.Int("batch-size")
	if c.Bool("yaml") && c.Bool("json") {
		return usagef("--yaml and --json: use one of them")
	}
	if err := takeModel(&r, c.String("model")); err != nil {
		return err
	}
	var err error
	r.Widths = nil // the model's own
	if c.IsSet("widths") {
		if r.Widths, err = parseInts(c.String("widths")); err != nil {
			return usagef("--widths %q: use numbers with commas between them", c.String("widths"))
		}
	}
	if err := giveAMP(c, &r); err != nil {
		return err
	}
	r.Settle(r, c.IsSet)
	if err := modelProblem(r.Check()); err != nil {
		return err
	}
	if c.Bool("yaml") {
		return printSpec(c, r)
	}
	model, err := networkFor(c, r, cifar.CIFAR100)
	if err != nil {
		return err
	}
	s := summaryResult{
		Model: model.Name, Widths: model.Widths, Parameters: model.Parameters(), MaxParams: net.MaxParameters, BatchSize: r.BatchSize, AMP: r.AMPType,
	}
	if s.Layers, err = model.Summary(imagesOf(cifar.CIFAR100, 1)); err != nil {
		return err
	}
	for _, l := range s.Layers {
		s.MultiplyAdds += l.MultiplyAdds
	}
	if err := s.weigh(c.String("device"), r, model); err != nil {
		return err
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(s)
	}
	return s.print(c.App.Writer)
}

// printSpec prints a network's file: as it stands in the program, with its comments, unless widths are given.
func printSpec(c *cli.Context, r training.Recipe) error {
	s, err := r.Spec()
	if err != nil {
		return err
	}
	text := net.BuiltInText(r.Model)
	if r.NetworkText != "" || r.Widths != nil {
		if s, err = s.WithWidths(r.Widths); err != nil {
			return err
		}
		text = s.Text()
	}
	_, err = fmt.Fprint(c.App.Writer, text)
	return err
}

// weigh works out the memory that a training takes. Without a device it is not known, which is no error.
func (s *summaryResult) weigh(device string, r training.Recipe, model *net.Model) error {
	set := &cifar.Set{Form: cifar.CIFAR100, Labels: make([]uint8, cifar.TrainRecords)}
	d := trainingDemand(newTrainer(r, model, set, net.Data{Shape: imagesOf(set.Form, set.Len())}))
	if _, _, err := d(r.BatchSize); err != nil {
		return modelProblem(err)
	}
	if machine.WantsCPU(device) {
		s.MemoryNote = "the Go reference uses none"
		return nil
	}
	err := machine.Use(machine.Options{Device: device, Idle: true}, func(m *machine.Machine) error {
		s.Device = m.Device().Name
		n, err := m.Need(d, r.BatchSize)
		s.Memory = &n
		return err
	})
	if machine.IsNoVulkan(err) && device == "" {
		s.MemoryNote = "not known without a Vulkan device"
		return nil
	}
	return err
}

// print writes the table, the totals and the memory.
func (s summaryResult) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "layer\tkind\toutput\tparameters\tmultiply-adds\t")
	for _, l := range s.Layers {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t\n", l.Name, l.Kind, strings.ReplaceAll(joinInts(l.Output), ",", "x"), l.Parameters, l.MultiplyAdds)
	}
	fmt.Fprintf(w, "total\t\t\t%d\t%d\t\n", s.Parameters, s.MultiplyAdds)
	if err := w.Flush(); err != nil {
		return err
	}
	under := fmt.Sprintf("%d below the limit of %d", s.MaxParams-s.Parameters, s.MaxParams)
	if s.Parameters > s.MaxParams {
		under = fmt.Sprintf("%d above the limit of %d: eval will refuse it", s.Parameters-s.MaxParams, s.MaxParams)
	}
	fmt.Fprintf(out, "\nparameters: %s\n", under)
	if s.Memory == nil {
		_, err := fmt.Fprintf(out, "device memory for training: %s\n", s.MemoryNote)
		return err
	}
	mixed := ""
	if s.AMP != "" {
		mixed = " in " + s.AMP
	}
	_, err := fmt.Fprintf(out, "device memory for training%s at batch size %d on %s: %s, and %s for CIFAR-100\n",
		mixed, s.BatchSize, s.Device, machine.BinaryBytes(s.Memory.Work), machine.BinaryBytes(s.Memory.Data))
	return err
}
