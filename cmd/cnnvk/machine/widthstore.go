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
