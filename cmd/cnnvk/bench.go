package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/engine/gpu"
	"cnnvk/engine/trace"
	"cnnvk/net"
	"cnnvk/net/training"
)

func (p program) benchCommand() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "measure training steps and evaluation on random pixels",
		Flags: append([]cli.Flag{
			deviceFlag(),
			noTuneFlag(),
			augmentFlag("none"),
			&cli.IntFlag{Name: "repeats", Value: 10, Usage: "steps measured, after two or more that are not"},
			jsonFlag(),
			&cli.BoolFlag{Name: "markdown", Usage: "print a Markdown table instead"},
			&cli.BoolFlag{Name: "csv", Usage: "print comma-separated values instead, with a header"},
			&cli.BoolFlag{Name: "profile", Usage: "also print what each kernel takes on the device, how near it comes to what that can do, its shader, and its registers where the driver tells; with --json each kernel's calls, operations and bytes by shape"},
			&cli.BoolFlag{Name: "ceilings", Usage: "with --profile, measure anew what the device can do at most"},
			traceFlag(),
		}, append(measuredRecipeFlags(), verbosityFlags()...)...),
		Action: p.bench,
	}
}

// benchResult is what bench --json prints. Rates are over whole steps, the host's share included: the median, the
// slowest and the fastest step. With --profile it is a profiledResult.
type benchResult struct {
	Device          string     `json:"device"`
	Driver          string     `json:"driver"`
	Recipe          string     `json:"recipe"`
	Model           string     `json:"model"`
	BatchSize       int        `json:"batch_size"`
	Repeats         int        `json:"repeats"`
	Augment         string     `json:"augment"`
	AMP             string     `json:"amp,omitempty"` // what mixed precision stores
	TrainImgS       float64    `json:"train_img_s"`
	TrainRange      [2]float64 `json:"train_img_s_range"`
	EvalImgS        float64    `json:"eval_img_s"`
	EvalRange       [2]float64 `json:"eval_img_s_range"`
	FirstStepS      float64    `json:"first_step_s"`      // from the start of the command to the end of the first training step
	PeakDeviceBytes int64      `json:"peak_device_bytes"` // all but the resident data set; 0 with --device cpu
	DatasetBytes    int64      `json:"dataset_bytes"`     // of the random pixels and their table
}

// benchWriters write the result in the format that a flag asks for.
var benchWriters = map[string]func(benchResult, io.Writer) error{
	"json":     func(r benchResult, out io.Writer) error { return json.NewEncoder(out).Encode(r) },
	"markdown": benchResult.markdown,
	"csv":      benchResult.csv,
}

// benchOptions are what bench is asked for.
type benchOptions struct {
	recipe   training.Recipe
	model    *net.Model
	repeats  int
	format   string
	profile  bool
	ceilings bool
	compile  bool // nothing is measured
}

// benchFindings are what bench prints.
type benchFindings struct {
	result   *benchResult
	profiles []programProfile // with --profile
	ceilings gpu.Ceilings     // with --profile
}

func (p program) bench(c *cli.Context) error {
	began := time.Now()
	o, err := benchOptionsOf(c)
	if err != nil {
		return err
	}
	s, err := p.newConsole(c, o.format != "")
	if err != nil {
		return err
	}
	var found benchFindings
	err = s.onMachine(machine.Options{Device: c.String("device"), Idle: o.compile}, func(m *machine.Machine) error {
		if o.profile && !o.compile && !m.Timestamps() {
			return fmt.Errorf("--profile: %s has no timestamps", m.Device().Name)
		}
		return traced(c, m, func(*trace.Timeline) error {
			b, err := newBencher(c.Context, m, machine.Tuning{Off: c.Bool("no-tune")}, o.model, o.recipe, o.recipe.BatchSize, began)
			if err != nil {
				return err
			}
			defer b.session.Close()
			if o.compile {
				found, err = b.submit(s, o)
				return err
			}
			found, err = runBench(s, b, o)
			return err
		})
	})
	if err != nil || o.compile && !o.profile {
		return err
	}
	if o.profile && o.format == "json" {
		return found.json(c.App.Writer)
	}
	if write := benchWriters[o.format]; write != nil {
		return write(*found.result, c.App.Writer)
	}
	found.result.words(s)
	if !o.profile {
		return nil
	}
	return printProfiles(c.App.Writer, found.profiles, found.ceilings)
}

func benchOptionsOf(c *cli.Context) (o benchOptions, err error) {
	o.repeats, o.profile, o.ceilings = c.Int("repeats"), c.Bool("profile"), c.Bool("ceilings")
	if o.recipe, err = measuredRecipe(c); err != nil {
		return o, err
	}
	if o.repeats < 1 {
		return o, usagef("--repeats %d: use 1 or more", o.repeats)
	}
	if o.profile && machine.WantsCPU(c.String("device")) {
		return o, usagef("--profile: the Go reference has no kernels to time")
	}
	if o.ceilings && !o.profile {
		return o, usagef("--ceilings needs --profile")
	}
	if o.format, err = benchFormat(c); err != nil {
		return o, err
	}
	if o.compile, err = compilesOnly(c); err != nil {
		return o, err
	}
	o.recipe.Augment = c.String("augment")
	if err := checkRecipe(o.recipe); err != nil {
		return o, flagProblemOf(err, recipeFlagNames())
	}
	o.model, err = networkFor(c, o.recipe, benchForm)
	return o, err
}

// benchFormat is the flag that asks for a format, "" for plain text.
func benchFormat(c *cli.Context) (string, error) {
	var asked []string
	for _, flag := range []string{"json", "markdown", "csv"} {
		if c.Bool(flag) {
			asked = append(asked, flag)
		}
	}
	switch {
	case len(asked) > 1:
		return "", usagef("--%s: use one of them", strings.Join(asked, " and --"))
	case len(asked) == 1 && asked[0] != "json" && c.Bool("profile"):
		return "", usagef("--profile and --%s: use one of them", asked[0])
	case len(asked) == 1:
		return asked[0], nil
	}
	return "", nil
}

func runBench(s *console, b *bencher, o benchOptions) (found benchFindings, err error) {
	b.logChoices(s.log)
	device, mixed := b.machine.Device(), ""
	if o.recipe.AMP {
		mixed = ", " + o.recipe.AMPType
	}
	s.say("device: %s, %s\nrandom pixels, batch %d%s, median of %d\n", device.Name, device.Driver, b.batch, mixed, o.repeats)
	if found.result, err = b.measure(o.repeats); err != nil || !o.profile {
		return found, err
	}
	if found.profiles, err = b.profile(); err != nil {
		return found, err
	}
	found.ceilings, err = b.machine.Ceilings(o.ceilings)
	return found, err
}

func (r benchResult) words(s *console) {
	s.result("train %.1f images/s (%.1f to %.1f), eval %.1f images/s (%.1f to %.1f), device memory %.0f MB without the data set\n",
		r.TrainImgS, r.TrainRange[0], r.TrainRange[1], r.EvalImgS, r.EvalRange[0], r.EvalRange[1], float64(r.PeakDeviceBytes)/1e6)
	s.say("the first step was done after %.1f s; the data set takes %.0f MB\n", r.FirstStepS, float64(r.DatasetBytes)/1e6)
}

// column is a value of the result and its name.
type column struct{ name, value string }

func (r benchResult) csv(out io.Writer) error {
	var names, values []string
	for _, c := range r.columns() {
		names, values = append(names, c.name), append(values, c.value)
	}
	return writeCSV(out, [][]string{names, values})
}

// markdown prints a row for each value, since one row with all of them would be too wide.
func (r benchResult) markdown(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintf(w, "| random pixels\t| value\t|\n| ---\t| ---\t|\n")
	for _, c := range r.columns() {
		fmt.Fprintf(w, "| %s\t| %s\t|\n", c.name, strings.ReplaceAll(c.value, "|", `\|`))
	}
	return w.Flush()
}

func (r benchResult) columns() []column {
	rate := func(v float64) string { return fmt.Sprintf("%.1f", v) }
	columns := []column{
		{"device", r.Device}, {"driver", r.Driver},
		{"recipe", r.Recipe}, {"model", r.Model}, {"batch_size", fmt.Sprint(r.BatchSize)}, {"repeats", fmt.Sprint(r.Repeats)}, {"augment", r.Augment},
		{"train_img_s", rate(r.TrainImgS)}, {"train_img_s_min", rate(r.TrainRange[0])}, {"train_img_s_max", rate(r.TrainRange[1])},
		{"eval_img_s", rate(r.EvalImgS)}, {"eval_img_s_min", rate(r.EvalRange[0])}, {"eval_img_s_max", rate(r.EvalRange[1])},
		{"first_step_s", fmt.Sprintf("%.2f", r.FirstStepS)},
		{"peak_device_bytes", fmt.Sprint(r.PeakDeviceBytes)}, {"dataset_bytes", fmt.Sprint(r.DatasetBytes)},
	}
	if r.AMP != "" {
		columns = append(columns, column{"amp", r.AMP})
	}
	return columns
}
