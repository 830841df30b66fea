package main

import (
	"errors"
	"os"

	"github.com/urfave/cli/v2"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/gpu"
	"cnnvk/vk"
)

// deviceFlag chooses where the work is done.
func deviceFlag() cli.Flag {
	return &cli.StringFlag{
		Name:    "device",
		Usage:   "`INDEX|NAME|cpu`: a Vulkan device by its place or a part of its name, or the Go reference executor",
		EnvVars: []string{"CNNVK_DEVICE"},
	}
}

// cpuDevice is the value of --device that means the reference executor.
const cpuDevice = "cpu"

// machine is an open executor and what lies under it.
type machine struct {
	engine.Executor
	instance *vk.Instance
	device   *vk.Device // nil with the reference executor
}

// openMachine opens the executor that --device names. CNNVK_VALIDATION=1 runs it under the validation layer.
func openMachine(want string) (*machine, error) {
	if want == cpuDevice {
		return &machine{Executor: cpu.New()}, nil
	}
	instance, err := vk.Open(vk.Options{Validation: os.Getenv("CNNVK_VALIDATION") == "1"})
	if err != nil {
		return nil, err
	}
	info, err := vk.Choose(instance.Devices(), want)
	if err != nil {
		instance.Close()
		return nil, err
	}
	device, err := instance.OpenDevice(info)
	if err != nil {
		instance.Close()
		return nil, err
	}
	return &machine{Executor: gpu.New(device), instance: instance, device: device}, nil
}

// Close closes what openMachine opened, in order.
func (m *machine) Close() error {
	err := m.Executor.Close()
	if m.device != nil {
		err = errors.Join(err, m.device.Close(), m.instance.Close())
	}
	return err
}

// peakBytes is the most device memory that was asked of the driver; 0 with the reference executor.
func (m *machine) peakBytes() int64 {
	if m.device == nil {
		return 0
	}
	return m.device.MemoryStats().Peak
}
