package machine

import (
	"bufio"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cnnvk/internal/files"
)

// measuredWidth is what was measured for this processor and these drivers, all zero if nothing was. Before there is an instance the version of the
// driver is not known: the width may be that of another one, until it is measured again.
func measuredWidth() vectorWidth {
	here := thisProcessor()
	for _, w := range storedWidths() {
		if w.Processor == here.Processor && w.Drivers == here.Drivers {
			return w
		}
	}
	return vectorWidth{}
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

func widthFile() (string, error) {
	cache, err := files.CacheDir()
	return filepath.Join(cache, "devices", "lavapipe-width.json"), err
}

// vectorWidth is what was measured on a processor.
type vectorWidth struct {
	Processor string             `json:"processor"`
	Drivers   string             `json:"drivers"` // that the environment names
	Driver    string             `json:"driver"`  // that was measured, with its version
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
