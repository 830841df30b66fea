package machine

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"cnnvk/engine/gpu"
	"cnnvk/internal/env"
	"cnnvk/internal/hints"
	"cnnvk/internal/memlimit"
	"cnnvk/vk"
)

// Devices are the Vulkan devices in the order in which users count them. want names the device that is wanted, or is "". The log is
// told which drivers and layers the loader cannot use.
func Devices(log *slog.Logger, want string) ([]vk.Info, error) {
	options, err := vulkanOptions()
	if err != nil {
		return nil, err
	}
	users := readUsersWidth()
	defer users.restore()
	users.setFor(want)
	instance, err := vk.Open(options)
	if err != nil {
		return nil, OrCPU(err)
	}
	warnOfLoader(log, instance)
	return instance.Devices(), instance.Close()
}

// findDevice opens Vulkan, with the environment as it is, and picks a device.
func (m *Machine) findDevice(pick func([]vk.Info) (vk.Info, error)) (*vk.Instance, vk.Info, error) {
	options, err := vulkanOptions()
	if err != nil {
		return nil, vk.Info{}, err
	}
	options.Log = m.options.Log
	if err := roomTo("opening Vulkan", memlimit.Limits(), costOfInstance); err != nil {
		return nil, vk.Info{}, err
	}
	instance, err := vk.Open(options)
	if err != nil {
		return nil, vk.Info{}, err
	}
	info, err := pick(instance.Devices())
	if err != nil {
		instance.Close()
	}
	return instance, info, err
}

// openDevice makes the machine an executor on a device of an instance. The instance is closed with the machine, or here if that fails.
func (m *Machine) openDevice(instance *vk.Instance, info vk.Info) error {
	err := roomToOpen(info)
	var device *vk.Device
	if err == nil {
		device, err = instance.OpenDevice(info)
	}
	if err != nil {
		instance.Close()
		return err
	}
	m.gpu = gpu.New(device)
	m.Executor, m.instance, m.device = m.gpu, instance, device
	if keepsShaders(info) {
		m.gpu.CompileAhead(devicesToCompile())
	}
	if m.store = storeOf(device.Info(), m.log); m.store != nil {
		data := m.store.pipelines()
		m.compiled = len(data)
		err = device.UsePipelineCache(data)
	}
	if err != nil {
		m.close()
	}
	return err
}

// vulkanOptions are what the environment asks of Vulkan: CNNVK_VALIDATION=1 runs it under the validation layer,
// CNNVK_PROFILE=floor on what every Vulkan 1.1 device has, and nothing more. What crashes lavapipe is refused.
func vulkanOptions() (vk.Options, error) {
	const profileVariable = "CNNVK_PROFILE"
	profile := os.Getenv(profileVariable)
	if profile != "" && profile != "floor" {
		return vk.Options{}, hints.With(&env.Error{Name: profileVariable, Value: profile, Problem: ", which is no profile"}, profileVariable+"=floor")
	}
	if err := checkLavapipe(os.Getenv(widthVariable)); err != nil {
		return vk.Options{}, err
	}
	validation, err := env.Bool("CNNVK_VALIDATION")
	return vk.Options{Validation: validation, Floor: profile == "floor"}, err
}

// warnOfLoader logs which drivers and layers the Vulkan loader could not use. The driver that the user misses may be among them.
func warnOfLoader(log *slog.Logger, instance *vk.Instance) {
	for _, p := range instance.Problems() {
		log.Warn("the Vulkan loader cannot use a driver or layer", "file", p.Manifest, "says", p.Text)
	}
}

func (m *Machine) close() error {
	err := m.Executor.Close()
	if m.device == nil {
		return err
	}
	err = errors.Join(err, m.keepPipelines(), m.device.Close(), m.instance.Close())
	if n := m.instance.Messages(); n > 0 {
		err = errors.Join(err, fmt.Errorf("messages of the Vulkan validation layer (CNNVK_VALIDATION=1): %d", n))
	}
	return err
}

// keepPipelines keeps what the driver compiled, if that is more than the store had.
func (m *Machine) keepPipelines() error {
	if m.store == nil {
		return nil
	}
	data, err := m.device.PipelineCacheData()
	if err == nil && len(data) != m.compiled {
		m.store.keepPipelines(data)
	}
	return err
}
