package machine

import (
	"errors"
	"log/slog"
	"strconv"
	"time"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/gpu"
	"cnnvk/engine/trace"
	"cnnvk/internal/hints"
	"cnnvk/vk"
)

// CPU is the name of the reference executor where a device is named.
const CPU = "cpu"

// CompileVariable set to 1 in the environment lets bench run on a device that computes nothing.
const CompileVariable = "CNNVK_COMPILE_ONLY"

// Options say which machine is wanted and where it tells what it does.
type Options struct {
	Device string        // a device as users name it, or CPU; "" is the best one
	Like   engine.Device // of a run that is to come to the same bits: where the device turns out to be this one, it gets its vector width
	UUID   string        // of that run's device
	There  bool          // take that run's device, or one that is alike, whatever Device names
	Idle   bool          // it need not compute: one that computes nothing will do

	Log *slog.Logger                     // takes warnings and details; with nil the default one does, and the loader's problems are left out
	Say func(format string, args ...any) // tells the user what takes a while; nil: nobody is told

	// Sample is a step by whose products Settle chooses a vector width. Only Settle needs it.
	Sample func() (*engine.Program, error)
}

// Machine is an open executor and what lies under it. There is one at a time: while it is open, the environment holds its vector width.
type Machine struct {
	engine.Executor
	options    Options
	log        *slog.Logger
	gpu        *gpu.Executor // the same; nil with the reference executor
	instance   *vk.Instance
	device     *vk.Device    // nil with the reference executor
	store      *kernelStore  // nil where nothing can be kept
	compiled   int           // bytes of compiled pipelines that the store had
	users      usersWidth    // which Close puts back
	namedWidth bool          // the vector width is that of a device's name, which was asked for
	settling   time.Duration // that choosing a vector width took
	timeline   *trace.Timeline
}

// Use opens a machine, lets use work on it and closes it. What the caller prints after that is known to have ended well. A device
// that does not compute is refused, unless it may be idle.
func Use(o Options, use func(*Machine) error) (err error) {
	m, err := Open(o)
	if err != nil {
		return err
	}
	defer func() {
		if e := m.Close(); err == nil {
			err = e
		}
	}()
	if m.gpu != nil && !o.Idle {
		if err := m.gpu.Check(); err != nil {
			return orCompileOnly(err)
		}
	}
	return use(m)
}

// orCompileOnly adds to the error of a device that does not compute what else there is.
func orCompileOnly(err error) error {
	if !errors.As(err, new(*gpu.WrongError)) {
		return err
	}
	return hints.With(err, "cnnvk devices lists others, and --device cpu is the Go reference; "+
		CompileVariable+"=1 cnnvk bench --no-tune only compiles and submits")
}

// Open opens a machine. With CNNVK_VALIDATION=1 Close counts the validation layer's messages, which go to the log.
func Open(o Options) (*Machine, error) {
	m := &Machine{options: o, log: o.Log}
	if m.log == nil {
		m.log = slog.Default()
	}
	if WantsCPU(o.Device) {
		m.Executor = cpu.New()
		return m, nil
	}
	m.users = readUsersWidth()
	if err := m.openVulkan(); err != nil {
		m.users.restore()
		return nil, OrCPU(err)
	}
	return m, nil
}

// openVulkan opens the device that the options name, at the vector width that they name.
func (m *Machine) openVulkan() error {
	o := m.options
	named, likes := m.users.setFor(o.Device), false
	if !named {
		likes = m.users.setFor(o.Like.Name)
	}
	instance, info, err := m.findDevice(o.pick)
	if err == nil && likes && (engine.Device{Name: info.Name, Driver: info.DriverLabel()}) != o.Like {
		if err = instance.Close(); err != nil {
			return err
		}
		likes = m.users.setFor("")
		instance, info, err = m.findDevice(o.pick)
	}
	if err != nil {
		return err
	}
	if o.Log != nil {
		warnOfLoader(o.Log, instance)
	}
	m.namedWidth = named || likes
	return m.openDevice(instance, info)
}

func (o Options) pick(infos []vk.Info) (vk.Info, error) {
	if o.There {
		return vk.Find(infos, o.Like.Name, o.UUID)
	}
	return vk.Choose(infos, o.Device)
}

// Reopen closes the machine and opens the same device again, as the environment now wants it: by its place, for its name may be
// another then.
func (m *Machine) Reopen() error {
	place := strconv.Itoa(m.device.Info().Index)
	if err := m.close(); err != nil {
		return err
	}
	instance, info, err := m.findDevice(func(infos []vk.Info) (vk.Info, error) { return vk.Choose(infos, place) })
	if err != nil {
		return err
	}
	if err := m.openDevice(instance, info); err != nil {
		return err
	}
	m.Trace(m.timeline)
	return nil
}

// Close closes what Open opened, in order, and makes the environment the user's again. A message of the validation layer is an error.
func (m *Machine) Close() error {
	err := m.close()
	if m.device != nil {
		m.users.restore()
	}
	return err
}

// Trace puts the machine's sessions from now on onto a time line; nil is none.
func (m *Machine) Trace(l *trace.Timeline) {
	m.timeline = l
	if m.gpu != nil {
		m.gpu.Trace(l)
	}
}

// Reference says whether the machine is the Go reference, which has no kernels.
func (m *Machine) Reference() bool { return m.gpu == nil }

// UUID is the device's, if it has one.
func (m *Machine) UUID() string {
	if m.device == nil {
		return ""
	}
	return m.device.Info().UUID
}

// Timestamps says whether the time that a kernel takes can be measured.
func (m *Machine) Timestamps() bool { return m.device != nil && m.device.Info().Features.Timestamps }

// PeakBytes is the most device memory that was asked of the driver; 0 with the reference executor.
func (m *Machine) PeakBytes() int64 {
	if m.device == nil {
		return 0
	}
	return m.device.MemoryStats().Peak
}

// LogMemory logs how much memory has been asked of the driver.
func (m *Machine) LogMemory(when string) {
	if m.device == nil {
		return
	}
	stats := m.device.MemoryStats()
	m.log.Debug("device memory", "when", when, "allocated", BinaryBytes(stats.Allocated), "peak", BinaryBytes(stats.Peak), "allocations", stats.Allocations)
}

// say tells the user something on the way.
func (m *Machine) say(format string, args ...any) {
	if m.options.Say != nil {
		m.options.Say(format, args...)
	}
}
