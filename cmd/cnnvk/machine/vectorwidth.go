package machine

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/cpu"

	"cnnvk/internal/files"
)

// Lavapipe, Mesa's Vulkan driver for CPUs, computes in vectors of 256 bits. Where the processor has vectors of 512 bits, some processors
// are faster with them and some are not, so both are measured. The driver reads the width from the environment of its process whenever
// an instance is made.

// widthVariable is Mesa's. Where the user sets it, that is the width. Else an open machine holds its own width in it.
const widthVariable = "LP_NATIVE_VECTOR_WIDTH"

// shaderCacheVariable names the folder where Mesa keeps compiled shaders. Lavapipe 26 takes those of one width for those of another, and
// crashes; so each width has a folder of its own.
const shaderCacheVariable = "MESA_SHADER_CACHE_DIR"

var vectorWidths = []int{256, 512}

// usersWidth is what the user's environment says of the vector width, and of where shaders are kept.
type usersWidth struct {
	value          string
	set            bool
	shaderCache    string
	shaderCacheSet bool
}

// readUsersWidth is the user's width, as long as no machine is open.
func readUsersWidth() (u usersWidth) {
	u.value, u.set = os.LookupEnv(widthVariable)
	u.shaderCache, u.shaderCacheSet = os.LookupEnv(shaderCacheVariable)
	return u
}

// use sets the width for the next Vulkan instance, unless the user did: the one that a device has in its name, or else the
// one that was measured. It says whether it is that of the name.
func (u usersWidth) use(device string) (named bool) {
	if u.value != "" {
		u.setShaderCache(u.value)
		return false
	}
	bits := measuredWidth()
	if found := widthInName.FindStringSubmatch(device); found != nil {
		bits, _ = strconv.Atoi(found[1])
		named = true
	}
	u.setWidth(bits)
	return named
}

// setWidth sets a width; 0 is the driver's own.
func (u usersWidth) setWidth(bits int) {
	if bits == 0 {
		os.Unsetenv(widthVariable)
		restore(shaderCacheVariable, u.shaderCache, u.shaderCacheSet)
		return
	}
	value := strconv.Itoa(bits)
	os.Setenv(widthVariable, value)
	u.setShaderCache(value)
}

// setShaderCache gives that width a folder of its own, below the user's where there is one.
func (u usersWidth) setShaderCache(width string) {
	base := u.shaderCache
	if base == "" {
		cache, err := files.CacheDir()
		if err != nil {
			return
		}
		base = filepath.Join(cache, "lavapipe")
	}
	folder := filepath.Join(base, width+" bits")
	os.MkdirAll(folder, 0o777) // Mesa makes no more than the last of a path, and without it compiles everything anew, in words of its own
	os.Setenv(shaderCacheVariable, folder)
}

// restore makes the environment the user's again.
func (u usersWidth) restore() {
	restore(widthVariable, u.value, u.set)
	restore(shaderCacheVariable, u.shaderCache, u.shaderCacheSet)
}

func restore(variable, value string, set bool) {
	if set {
		os.Setenv(variable, value)
	} else {
		os.Unsetenv(variable)
	}
}

// widthInName finds the vector width in the name of a lavapipe device; only those that the driver takes.
var widthInName = regexp.MustCompile(`^llvmpipe \(.*\b(128|256|512) bits\)$`)

// widthOpen says whether the vector width is to be measured: where it can be chosen, and was not measured yet or is to be again.
func (m *Machine) widthOpen(again bool) bool {
	return m.device != nil && m.device.Info().Driver == "llvmpipe" && m.users.value == "" && !m.namedWidth && cpu.X86.HasAVX512F &&
		(again || measuredWidth() == 0)
}

// widthRounds is how often each width is measured, in turns: others may be at work here for a while.
const widthRounds = 3

// chooseWidth measures the products of a step with each vector width, and opens the machine again with the better one. What is compiled for
// a width that loses is lost: so few kernels have to speak for all. Half of the limit, if there is one, ends the measuring after a round.
func (m *Machine) chooseWidth(ctx context.Context, limit time.Duration) error {
	m.say("tuning: measuring the vector width for this processor, once (%s=256 or 512 sets it)\n", widthVariable)
	began := time.Now()
	defer func() { m.settling = time.Since(began) }()
	step, err := m.options.Sample()
	if err != nil {
		return err
	}
	best := map[int][]time.Duration{}
	for round := 0; round < widthRounds && (round == 0 || limit == 0 || time.Since(began) < limit/2); round++ {
		for _, bits := range vectorWidths {
			m.users.setWidth(bits)
			if err := m.Reopen(); err != nil {
				return err
			}
			times, err := m.gpu.SampleProducts(ctx, step)
			if err != nil {
				return err
			}
			best[bits] = shorter(times, best[bits])
		}
	}
	found := thisProcessor()
	found.choose(best)
	m.log.Debug("vector width", "bits", found.Bits, "step_ms", found.StepMS)
	keepWidth(found, m.log)
	m.users.setWidth(found.Bits)
	return m.Reopen()
}

// shorter are the shorter ones of times and others, if there are others.
func shorter(times, others []time.Duration) []time.Duration {
	out := slices.Clone(times)
	for i, t := range others {
		out[i] = min(out[i], t)
	}
	return out
}

// choose takes the width whose times are the shortest together.
func (w *vectorWidth) choose(times map[int][]time.Duration) {
	w.StepMS = map[string]float64{}
	least := math.Inf(1)
	for _, bits := range vectorWidths {
		var ms float64
		for _, t := range times[bits] {
			ms += t.Seconds() * 1e3
		}
		w.StepMS[strconv.Itoa(bits)] = ms
		if ms < least {
			least, w.Bits = ms, bits
		}
	}
}

// vectorWidth is what was measured on a processor with the drivers that the environment names.
type vectorWidth struct {
	Processor string             `json:"processor"`
	Drivers   string             `json:"drivers"`
	Bits      int                `json:"bits"`
	StepMS    map[string]float64 `json:"step_ms"` // of the products of a small training step, by width
}

// thisProcessor is the record of this processor and these drivers, without a measurement.
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
	return filepath.Join(cache, "devices", "lavapipe-width.json"), err
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

// measuredWidth is the width for this processor and these drivers, 0 if it was not measured.
func measuredWidth() int {
	here := thisProcessor()
	for _, w := range storedWidths() {
		if w.Processor == here.Processor && w.Drivers == here.Drivers {
			return w.Bits
		}
	}
	return 0
}

// keepWidth adds a measurement to the stored ones. To lose it costs time and nothing else.
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
