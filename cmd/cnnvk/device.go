package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/gpu"
	"cnnvk/engine/trace"
	"cnnvk/internal/hints"
	"cnnvk/internal/memlimit"
	"cnnvk/vk"
)

const (
	deviceUsage    = "`INDEX|NAME|UUID|vulkan|cpu`: a Vulkan device by its place, a part of its name or its UUID, the best one, or the Go reference executor"
	deviceVariable = "CNNVK_DEVICE"
)

// deviceFlag chooses where the work is done.
func deviceFlag() cli.Flag {
	return &cli.StringFlag{Name: "device", Usage: deviceUsage, EnvVars: []string{deviceVariable}}
}

// trainDeviceFlag is deviceFlag where a run that is resumed may name a device, too: the environment must not look like the flag then.
func trainDeviceFlag() cli.Flag {
	return &cli.StringFlag{Name: "device", Usage: deviceUsage + " (default: that of the run with --resume) [$" + deviceVariable + "]"}
}

// cpuDevice is the value of --device that means the reference executor.
const cpuDevice = "cpu"

func wantsCPU(device string) bool { return strings.EqualFold(device, cpuDevice) }

// machine is an open executor and what lies under it.
type machine struct {
	engine.Executor
	gpu      *gpu.Executor // the same; nil with the reference executor
	instance *vk.Instance
	device   *vk.Device   // nil with the reference executor
	store    *kernelStore // nil where nothing can be kept
	compiled int          // bytes of compiled pipelines that the store had
	width    bool         // the vector width is that of a device's name, which was asked for
	timeline *trace.Timeline
}

// wish is the device that a command is to work on.
type wish struct {
	device string        // as --device names it
	like   engine.Device // of a run whose bits are wanted: its vector width is taken, if the device is that one then
	uuid   string        // of that run's device
	there  bool          // the device is that run's, or one that is alike, and not what --device names
	idle   bool          // it need not compute anything
}

func (w wish) pick(infos []vk.Info) (vk.Info, error) {
	if w.there {
		return vk.Find(infos, w.like.Name, w.uuid)
	}
	return vk.Choose(infos, w.device)
}

// onMachine opens the machine that --device names, lets use work on it and closes it. What is printed after that is
// known to have ended well. A device that does not compute is refused.
func onMachine(log *slog.Logger, device string, use func(*machine) error) error {
	return onWished(log, wish{device: device}, use)
}

// onWished is onMachine for more than what --device can say.
func onWished(log *slog.Logger, w wish, use func(*machine) error) (err error) {
	m, err := openWished(log, w)
	if err != nil {
		return err
	}
	defer func() {
		if e := m.Close(); err == nil {
			err = e
		}
	}()
	if m.gpu != nil && !w.idle {
		if err := m.gpu.Check(); err != nil {
			return orCompileOnly(err)
		}
	}
	return use(m)
}

// openMachine opens the executor that --device names. With CNNVK_VALIDATION=1 Close counts the validation layer's
// messages, which go to the log; nil is the default one.
func openMachine(log *slog.Logger, want string) (*machine, error) {
	return openWished(log, wish{device: want})
}

// openWished is openMachine for more than what --device can say.
func openWished(log *slog.Logger, w wish) (*machine, error) {
	if wantsCPU(w.device) {
		return &machine{Executor: cpu.New()}, nil
	}
	named := useWidth(w.device)
	likes := !named && useWidth(w.like.Name)
	instance, info, err := findDevice(log, w.pick)
	if err == nil && likes && (engine.Device{Name: info.Name, Driver: info.DriverLabel()}) != w.like {
		if err = instance.Close(); err != nil {
			return nil, err
		}
		likes = useWidth("")
		instance, info, err = findDevice(log, w.pick)
	}
	if err != nil {
		return nil, orCPU(err)
	}
	if log != nil {
		warnOfLoader(log, instance)
	}
	m, err := openDevice(log, instance, info)
	if err != nil {
		return nil, err
	}
	m.width = named || likes
	return m, nil
}

// findDevice opens Vulkan, with the environment as it is, and picks a device.
func findDevice(log *slog.Logger, pick func([]vk.Info) (vk.Info, error)) (*vk.Instance, vk.Info, error) {
	options, err := vulkanOptions()
	if err != nil {
		return nil, vk.Info{}, err
	}
	options.Log = log
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

// warnOfLoader logs which drivers and layers the Vulkan loader did without. The one that is missed may be among them.
func warnOfLoader(log *slog.Logger, instance *vk.Instance) {
	for _, p := range instance.Problems() {
		log.Warn("the Vulkan loader cannot use a driver or layer", "file", p.Manifest, "says", p.Text)
	}
}

// openDevice opens an executor on a device of an instance, which is closed with it, and if it fails.
func openDevice(log *slog.Logger, instance *vk.Instance, info vk.Info) (*machine, error) {
	var device *vk.Device
	err := roomToOpen(info)
	if err == nil {
		device, err = instance.OpenDevice(info)
	}
	if err != nil {
		instance.Close()
		return nil, err
	}
	on := gpu.New(device)
	m := &machine{Executor: on, gpu: on, instance: instance, device: device}
	if m.store = storeOf(device.Info(), log); m.store != nil {
		data := m.store.pipelines()
		m.compiled = len(data)
		err = device.UsePipelineCache(data)
	}
	if err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// vulkanOptions are what the environment asks of Vulkan: CNNVK_VALIDATION=1 runs it under the validation layer,
// CNNVK_PROFILE=floor on what every Vulkan 1.1 device has, and nothing more. What crashes lavapipe is refused.
func vulkanOptions() (vk.Options, error) {
	profile := os.Getenv("CNNVK_PROFILE")
	if profile != "" && profile != "floor" {
		return vk.Options{}, hints.With(usagef("CNNVK_PROFILE is %q, which is no profile", profile), "CNNVK_PROFILE=floor")
	}
	if err := checkLavapipe(usersWidth); err != nil {
		return vk.Options{}, err
	}
	validation, err := boolVariable("CNNVK_VALIDATION")
	return vk.Options{Validation: validation, Floor: profile == "floor"}, err
}

// vulkanDevices are the devices as --device, which may name one, counts them.
func vulkanDevices(log *slog.Logger, want string) ([]vk.Info, error) {
	options, err := vulkanOptions()
	if err != nil {
		return nil, err
	}
	useWidth(want)
	instance, err := vk.Open(options)
	if err != nil {
		return nil, err
	}
	warnOfLoader(log, instance)
	return instance.Devices(), instance.Close()
}

// reopen closes the machine and opens the same device again, as the environment now wants it: by its place, for its name may be
// another then.
func (m *machine) reopen(log *slog.Logger) error {
	place := strconv.Itoa(m.device.Info().Index)
	if err := m.Close(); err != nil {
		return err
	}
	instance, info, err := findDevice(log, func(infos []vk.Info) (vk.Info, error) { return vk.Choose(infos, place) })
	if err != nil {
		return err
	}
	again, err := openDevice(log, instance, info)
	if err != nil {
		return err
	}
	timeline := m.timeline
	*m = *again
	m.trace(timeline)
	return nil
}

// trace puts the machine's sessions from now on onto a time line; nil is none.
func (m *machine) trace(l *trace.Timeline) {
	m.timeline = l
	if m.gpu != nil {
		m.gpu.Trace(l)
	}
}

// keepPipelines keeps what the driver compiled, if it is news.
func (m *machine) keepPipelines() error {
	if m.store == nil {
		return nil
	}
	data, err := m.device.PipelineCacheData()
	if err == nil && len(data) != m.compiled {
		m.store.keepPipelines(data)
	}
	return err
}

// uuid is the device's, if it has one.
func (m *machine) uuid() string {
	if m.device == nil {
		return ""
	}
	return m.device.Info().UUID
}

func isNoVulkan(err error) bool {
	return errors.Is(err, vk.ErrNoLoader) || errors.Is(err, vk.ErrNoDevice)
}

// orCPU adds to the hint of a missing device what works without one.
func orCPU(err error) error {
	if !isNoVulkan(err) {
		return err
	}
	return hints.With(err, strings.TrimPrefix(hints.Of(err)+", or ", ", or ")+"--device cpu (the Go reference, slow)")
}

// Close closes what openMachine opened, in order. A message of the validation layer is an error.
func (m *machine) Close() error {
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

// peakBytes is the most device memory that was asked of the driver; 0 with the reference executor.
func (m *machine) peakBytes() int64 {
	if m.device == nil {
		return 0
	}
	return m.device.MemoryStats().Peak
}

// logMemory logs how much memory has been asked of the driver.
func (m *machine) logMemory(log *slog.Logger, when string) {
	if m.device == nil {
		return
	}
	stats := m.device.MemoryStats()
	log.Debug("device memory", "when", when, "allocated", binaryBytes(stats.Allocated), "peak", binaryBytes(stats.Peak), "blocks", stats.Blocks)
}
