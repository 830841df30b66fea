package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/engine/gpu"
	"cnnvk/net"
	"cnnvk/shaders"
	"cnnvk/vk"
)

// noTuneFlag leaves the choice of kernels to the program.
func noTuneFlag() cli.Flag {
	return &cli.BoolFlag{
		Name:    "no-tune",
		Usage:   "take the built-in choice of kernels, not what was measured on this device",
		EnvVars: []string{"CNNVK_NO_TUNE"},
	}
}

// kernelStore keeps what was learned of a device: which kernels are the fastest on it, and what its driver compiled. It is a
// folder in the user's cache; losing it costs time alone, so nothing fails where it cannot be read or written.
type kernelStore struct {
	dir string
	log *slog.Logger
}

// The files of a kernelStore.
const (
	choicesFile   = "kernels.json"
	pipelinesFile = "pipelines.bin"
)

// measured is what kernels.json holds.
type measured struct {
	Device  string      `json:"device"`
	Driver  string      `json:"driver"`
	Kernels gpu.Choices `json:"kernels"`
}

// storeOf is the store of a device, for this driver and these shaders; nil where there is no cache folder.
func storeOf(info vk.Info, log *slog.Logger) *kernelStore {
	cache, err := cifar.CacheDir()
	if err != nil {
		return nil
	}
	code, err := shaders.Hash()
	if err != nil {
		return nil
	}
	if log == nil {
		log = slog.Default()
	}
	key := sha256.New()
	fmt.Fprintf(key, "%s\n%s\n%s\n%v\n%s\n", info.Name, info.DriverLabel(), info.APIVersion, info.Features, code)
	return &kernelStore{filepath.Join(cache, "devices", hex.EncodeToString(key.Sum(nil)[:8])), log}
}

// choices are the kernels measured earlier; none if there are none, or if the file is damaged.
func (s *kernelStore) choices() gpu.Choices {
	text, err := os.ReadFile(filepath.Join(s.dir, choicesFile))
	var m measured
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("the kernels measured earlier cannot be read", "file", filepath.Join(s.dir, choicesFile), "error", err)
	}
	return m.Kernels
}

func (s *kernelStore) keepChoices(m *machine, c gpu.Choices) {
	text, err := json.MarshalIndent(measured{m.Device().Name, m.Device().Driver, c}, "", "  ")
	if err == nil {
		err = s.write(choicesFile, append(text, '\n'))
	}
	if err != nil {
		s.log.Warn("the kernels measured cannot be kept", "error", err)
	}
}

// pipelines is what the driver compiled earlier. The digest in front tells damaged data, at which some drivers crash.
func (s *kernelStore) pipelines() []byte {
	data, err := os.ReadFile(filepath.Join(s.dir, pipelinesFile))
	if err != nil || len(data) < sha256.Size {
		return nil
	}
	if sum := sha256.Sum256(data[sha256.Size:]); !bytes.Equal(sum[:], data[:sha256.Size]) {
		s.log.Warn("the compiled pipelines kept are damaged", "file", filepath.Join(s.dir, pipelinesFile))
		return nil
	}
	return data[sha256.Size:]
}

func (s *kernelStore) keepPipelines(data []byte) {
	sum := sha256.Sum256(data)
	if err := s.write(pipelinesFile, append(sum[:], data...)); err != nil {
		s.log.Warn("the compiled pipelines cannot be kept", "error", err)
	}
}

func (s *kernelStore) write(name string, data []byte) error {
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return err
	}
	return net.WriteAtomically(filepath.Join(s.dir, name), all(data))
}

// choices are the kernels that were chosen by measurement for the demand's programs, none with the reference executor.
func (m *machine) choices(d demand, batch int) (gpu.Choices, error) {
	on, ok := m.Executor.(*gpu.Executor)
	if !ok {
		return gpu.Choices{}, nil
	}
	_, programs, err := d(batch)
	return on.ChoicesFor(programs), err
}

// tuner is how a command has its kernels chosen.
type tuner struct {
	*console
	off    bool        // built-in choices
	pinned gpu.Choices // those of an earlier run, if not nil
	again  bool        // measure what was measured before
}

// tune sees to it that the kernels for the demand's programs were measured on this device, now or earlier.
func (t tuner) tune(ctx context.Context, m *machine, d demand, batch int) error {
	if m.device == nil {
		return nil
	}
	tunes := !t.off && t.pinned == nil
	if tunes && m.widthOpen(t.again) {
		if err := m.chooseWidth(ctx, t.console); err != nil {
			return err
		}
	}
	on := m.Executor.(*gpu.Executor)
	on.Choose(t.pinned)
	if !tunes {
		return nil
	}
	if m.store != nil && !t.again {
		on.Choose(m.store.choices())
	}
	layout, programs, err := d(batch)
	if err != nil {
		return err
	}
	began, measured := time.Now(), 0
	_, err = on.Tune(ctx, layout, programs, func(r gpu.Tuned) {
		if measured++; measured == 1 {
			t.say("tuning: measuring kernels for %d sizes of products and convolutions, once on this device (--no-tune: do not)\n", r.Of)
		}
		for _, c := range r.Candidates {
			t.log.Debug("tuning", "product", r.Key, "kernel", c.Variant, "ms", c.Time.Seconds()*1e3)
		}
	})
	if measured > 0 {
		t.say("tuned in %.0f s\n", time.Since(began).Seconds())
		if m.store != nil {
			m.store.keepChoices(m, on.Choices())
		}
	}
	return err
}
