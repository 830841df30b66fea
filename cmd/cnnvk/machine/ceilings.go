package machine

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"cnnvk/engine/gpu"
)

// ceilingsFile of a device's kernel store holds what the device can do at most.
const ceilingsFile = "ceilings.json"

// keptCeilings is what ceilings.json holds.
type keptCeilings struct {
	Device  string  `json:"device"`
	Driver  string  `json:"driver"`
	GflopS  float64 `json:"gflop_s"`
	GbyteS  float64 `json:"gbyte_s"`
	Seconds float64 `json:"seconds"` // that measuring took
}

// Ceilings are what the device can do at most: as measured earlier unless again is set, or now.
func (m *Machine) Ceilings(again bool) (gpu.Ceilings, error) {
	if m.store != nil && !again {
		if c, ok := m.store.ceilings(); ok {
			return c, nil
		}
	}
	if m.gpu == nil {
		return gpu.Ceilings{}, errors.New("the Go reference has no ceilings to measure")
	}
	m.say("measuring what the device can do at most\n")
	began := time.Now()
	c, err := m.gpu.Ceilings()
	if err == nil && m.store != nil {
		m.store.keep(ceilingsFile, "ceilings", keptCeilings{m.Device().Name, m.Device().Driver, c.Flops / 1e9, c.Bytes / 1e9, time.Since(began).Seconds()})
	}
	return c, err
}

// ceilings are those measured earlier, if there are any and the file is whole.
func (s *kernelStore) ceilings() (gpu.Ceilings, bool) {
	path := filepath.Join(s.dir, ceilingsFile)
	text, err := os.ReadFile(path)
	var k keptCeilings
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	if err == nil && (k.GflopS <= 0 || k.GbyteS <= 0) {
		err = errors.New("a ceiling is not above 0")
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("the ceilings measured earlier cannot be read", "file", path, "error", err)
	}
	return gpu.Ceilings{Flops: k.GflopS * 1e9, Bytes: k.GbyteS * 1e9}, err == nil
}
