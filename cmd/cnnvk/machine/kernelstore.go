package machine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"

	"cnnvk/engine/gpu"
	"cnnvk/internal/files"
	"cnnvk/shaders"
	"cnnvk/vk"
)

// kernelStore keeps what was learned of a device: which kernels are the fastest on it, what its driver compiled, and what it can do at
// most. It is a folder in the user's cache. To lose it costs time and nothing else, so nothing fails where it cannot be read or written.
type kernelStore struct {
	dir string
	log *slog.Logger
}

// The files of a kernel store.
const (
	choicesFile   = "kernels.json"
	pipelinesFile = "pipelines.bin"
)

// KeptChoices are the kernels that were chosen for a device earlier; nil before there were any.
func KeptChoices(info vk.Info) gpu.Choices {
	store := storeOf(info, slog.Default())
	if store == nil {
		return nil
	}
	return store.measured().Kernels
}

// measured is what kernels.json holds.
type measured struct {
	Device  string      `json:"device"`
	Driver  string      `json:"driver"`
	Kernels gpu.Choices `json:"kernels"`
	Left    gpu.Choices `json:"left,omitempty"` // built-in ones of what the time of a training's start did not suffice for
}

// with is what is known after another tuning.
func (m measured) with(found, left gpu.Choices) measured {
	kernels, without := gpu.Choices{}, gpu.Choices{}
	maps.Copy(kernels, m.Kernels)
	maps.Copy(kernels, found)
	maps.Copy(without, m.Left)
	maps.Copy(without, left)
	maps.DeleteFunc(without, func(key, _ string) bool { return kernels[key] != "" })
	m.Kernels, m.Left = kernels, without
	return m
}

// storeOf is the store of a device, for this driver and these shaders; nil where there is no cache folder.
func storeOf(info vk.Info, log *slog.Logger) *kernelStore {
	cache, err := files.CacheDir()
	if err != nil {
		return nil
	}
	code, err := shaders.Hash()
	if err != nil {
		return nil
	}
	key := sha256.New()
	fmt.Fprintf(key, "%s\n%s\n%s\n%v\n%s\n", info.Name, info.DriverLabel(), info.APIVersion, info.Features, code)
	return &kernelStore{filepath.Join(cache, "devices", hex.EncodeToString(key.Sum(nil)[:8])), log}
}

// measured are the kernels measured earlier: none where there is no file, or a damaged one. Those that are not in it are measured again.
func (s *kernelStore) measured() measured {
	text, err := os.ReadFile(filepath.Join(s.dir, choicesFile))
	var m measured
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("the kernels measured earlier cannot be read", "file", filepath.Join(s.dir, choicesFile), "error", err)
	}
	for _, list := range []*gpu.Choices{&m.Kernels, &m.Left} {
		known, unknown := list.Known()
		WarnOfUnknown(s.log, filepath.Join(s.dir, choicesFile), unknown)
		*list = known
	}
	return m
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

// keep writes what was measured. That it could not be kept is worth a warning.
func (s *kernelStore) keep(name, what string, v any) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = s.write(name, append(text, '\n'))
	}
	if err != nil {
		s.log.Warn("the "+what+" measured cannot be kept", "error", err)
	}
}

func (s *kernelStore) write(name string, data []byte) error {
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return err
	}
	return files.WriteAtomically(filepath.Join(s.dir, name), files.Bytes(data))
}

// WarnOfUnknown warns of the choices of a file that name no kernel.
func WarnOfUnknown(log *slog.Logger, file string, unknown []string) {
	for _, line := range unknown {
		log.Warn(file+" names a kernel that this version does not have: another runs in its place", "kernel", line)
	}
}
