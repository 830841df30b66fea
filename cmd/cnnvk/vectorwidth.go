package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/cpu"

	"cnnvk/internal/files"
	"cnnvk/net/training"
)

// Lavapipe, Mesa's Vulkan driver for CPUs, computes in vectors of 256 bits. Where the processor has 512, some do everything
// faster with them and some nothing, so it is measured. The driver takes the width from the environment of its
// process whenever an instance is made.

// widthVariable is Mesa's. Who sets it, decides.
const widthVariable = "LP_NATIVE_VECTOR_WIDTH"

// usersWidth is what the user asked for, read before the program sets the variable itself.
var usersWidth = os.Getenv(widthVariable)

var vectorWidths = []int{256, 512}

// vectorWidth is what was measured on a processor with the drivers that the environment names.
type vectorWidth struct {
	Processor string             `json:"processor"`
	Drivers   string             `json:"drivers"`
	Bits      int                `json:"bits"`
	StepMS    map[string]float64 `json:"step_ms"` // of a small training step, by width
}

// thisProcessor is the record of the machine as it is, without a measurement.
func thisProcessor() vectorWidth {
	w := vectorWidth{Drivers: os.Getenv("VK_DRIVER_FILES") + os.Getenv("VK_ICD_FILENAMES")}
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return w
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "model name"); ok {
			w.Processor = strings.TrimLeft(name, " \t:")
			break
		}
	}
	return w
}

func widthFile() (string, error) {
	cache, err := files.CacheDir()
	return filepath.Join(cache, "devices", "vector-width.json"), err
}

// storedWidths are the widths measured, by processor and drivers.
func storedWidths() []vectorWidth {
	path, err := widthFile()
	if err != nil {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var list []vectorWidth
	if json.Unmarshal(text, &list) != nil {
		return nil
	}
	return slices.DeleteFunc(list, func(w vectorWidth) bool { return !slices.Contains(vectorWidths, w.Bits) })
}

// measuredWidth is the width for this machine, 0 if it was not measured.
func measuredWidth() int {
	here := thisProcessor()
	for _, w := range storedWidths() {
		if w.Processor == here.Processor && w.Drivers == here.Drivers {
			return w.Bits
		}
	}
	return 0
}

// widthInName finds the vector width in the name of a lavapipe device; only those that the driver takes.
var widthInName = regexp.MustCompile(`^llvmpipe \(.*\b(128|256|512) bits\)$`)

// useWidth sets the width for the next Vulkan instance, unless the user did: the one that a device has in its name, or else the
// one that was measured. It says whether it is that of the name.
func useWidth(device string) bool {
	if usersWidth != "" {
		return false
	}
	found := widthInName.FindStringSubmatch(device)
	if found == nil {
		setWidth(measuredWidth())
		return false
	}
	os.Setenv(widthVariable, found[1])
	return true
}

func setWidth(bits int) {
	if bits == 0 {
		os.Unsetenv(widthVariable)
		return
	}
	os.Setenv(widthVariable, strconv.Itoa(bits))
}

// widthOpen says whether the vector width is to be measured on this machine, where it was not measured yet or is to be again.
func (m *machine) widthOpen(again bool) bool {
	return m.device != nil && m.device.Info().Driver == "llvmpipe" && usersWidth == "" && !m.width && cpu.X86.HasAVX512F &&
		(again || measuredWidth() == 0)
}

// chooseWidth measures a small training step with each vector width, and opens the machine again with the better one.
func (m *machine) chooseWidth(ctx context.Context, s *console) error {
	s.say("tuning: measuring the vector width for this processor, once (%s=256 or 512 sets it)\n", widthVariable)
	found := thisProcessor()
	found.StepMS = map[string]float64{}
	best := time.Duration(0)
	for range 2 { // in turns: others may be at work here for a while
		for _, bits := range vectorWidths {
			setWidth(bits)
			if err := m.reopen(s.log); err != nil {
				return err
			}
			t, err := m.smallStep(ctx, s)
			if err != nil {
				return err
			}
			name, ms := strconv.Itoa(bits), t.Seconds()*1e3
			if earlier, ok := found.StepMS[name]; !ok || ms < earlier {
				found.StepMS[name] = ms
			}
			if best == 0 || t < best {
				best, found.Bits = t, bits
			}
		}
	}
	s.log.Debug("vector width", "bits", found.Bits, "step_ms", found.StepMS)
	keepWidth(found, s.log)
	setWidth(found.Bits)
	return m.reopen(s.log)
}

// smallStep is the time of a training step on few images, the best of some.
func (m *machine) smallStep(ctx context.Context, s *console) (time.Duration, error) {
	recipe := training.DefaultRecipe()
	model, err := recipe.Network()
	if err != nil {
		return 0, err
	}
	const batch, steps = 32, 6
	b, err := newBencher(ctx, m, tuner{console: s, off: true}, model, recipe, batch, time.Now())
	if err != nil {
		return 0, err
	}
	defer b.session.Close()
	times, err := b.times(b.train, steps)
	if err != nil {
		return 0, err
	}
	return slices.Min(times), nil
}

// keepWidth adds a measurement to the stored ones. Losing it costs time alone.
func keepWidth(w vectorWidth, log *slog.Logger) {
	list := slices.DeleteFunc(storedWidths(), func(o vectorWidth) bool { return o.Processor == w.Processor && o.Drivers == w.Drivers })
	path, err := widthFile()
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o777)
	}
	var text []byte
	if err == nil {
		text, err = json.MarshalIndent(append(list, w), "", "  ")
	}
	if err == nil {
		err = files.WriteAtomically(path, files.Bytes(append(text, '\n')))
	}
	if err != nil {
		log.Warn("the vector width measured cannot be kept", "error", err)
	}
}
