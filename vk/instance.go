package vk

/*
#cgo CFLAGS: -std=c11 -Wall -Wextra -Werror=implicit-function-declaration
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"log/slog"
	"os"
	"runtime/cgo"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/vulkan-go/vulkan"
)

// Options say how to open Vulkan.
type Options struct {
	// Validation turns on VK_LAYER_KHRONOS_validation with synchronization validation: every call is checked, slowly. It
	// is an error where the layer is not installed.
	Validation bool
	// Floor shows every device as the poorest that Vulkan 1.1 allows: limits no better than what it guarantees, and no
	// optional feature. It is for finding out, on any device, what would fail on such a one.
	Floor bool
	// Log gets the layer's messages; nil is slog.Default().
	Log *slog.Logger
}

// Instance is an open Vulkan loader and the devices that it found. Close it after its devices.
type Instance struct {
	shim           *C.ShimInstance
	handle         vulkan.Instance
	log            *slog.Logger
	floor          bool
	askForMatrices C.int
	callback       cgo.Handle // this instance, for messages
	words          loaderWords
	messages       atomic.Int64

	physical []vulkan.PhysicalDevice // beside infos
	found    []C.ShimDeviceInfo      // beside infos
	infos    []Info

	mu     sync.Mutex
	open   int // devices
	closed bool
}

const apiVersion11 = 1<<22 | 1<<12

// matricesVersion is the first version of Vulkan in which there are cooperative matrices.
const matricesVersion = 1<<22 | 3<<12 | 255

// Open loads Vulkan and looks for devices.
//
// The error is [ErrNoLoader] without the loader library, [ErrNoDevice] without a driver, or where no device can compute, and
// [ErrUnsupported] for a loader older than Vulkan 1.1 or a missing validation layer.
func Open(o Options) (*Instance, error) {
	proc, err := openLoader()
	if err != nil {
		return nil, err
	}
	// A loader that cannot read a manifest fails in these as it will in making the instance, where it says why.
	var version C.uint32_t
	if r := C.shim_instance_version(proc, &version); r == resultSuccess && version < apiVersion11 {
		return nil, fmt.Errorf("vk: the Vulkan loader knows version %s only, 1.1 is needed: %w",
			versionText(uint32(version)), ErrUnsupported)
	}
	layer, r := validationVersion(proc)
	if o.Validation && r == resultSuccess && layer == 0 {
		return nil, noLayer(fmt.Errorf("vk: VK_LAYER_KHRONOS_validation is not installed: %w", ErrUnsupported), true)
	}
	in := &Instance{log: o.Log, floor: o.Floor, askForMatrices: 1}
	if o.Validation && layer < matricesVersion {
		in.askForMatrices = 0 // to such a layer they are errors
	}
	if in.log == nil {
		in.log = slog.Default()
	}
	in.callback = cgo.NewHandle(in)
	validation := C.int(0)
	if o.Validation {
		validation = 1
		trackShaders()
	}
	if r := C.shim_create_instance(proc, validation, C.uintptr_t(in.callback), &in.shim); r != resultSuccess {
		in.callback.Delete()
		return nil, instanceError(int32(r), o.Validation, in.words.problems(true))
	}
	in.handle = fromRaw[vulkan.Instance](C.shim_instance_handle(in.shim))
	err = bindInstanceCalls(in.handle)
	if err == nil {
		err = in.findDevices()
	}
	if err != nil {
		in.destroy()
		return nil, err
	}
	return in, nil
}

// trackShaders has synchronization validation look at what dispatches read and write, which newer layers leave out unless they are asked to,
// and older ones do anyway. The setting has a structure of its own only in those newer layers; all of them read the variable.
func trackShaders() {
	const variable = "VK_SYNCVAL_SHADER_ACCESSES_HEURISTIC"
	if _, set := os.LookupEnv(variable); !set {
		os.Setenv(variable, "1")
	}
}

// instanceError is the error of a loader that makes no instance.
func instanceError(result int32, validation bool, problems []LoaderProblem) error {
	err := &Error{Call: "vkCreateInstance", Result: result}
	set, _ := driverSettings()
	switch {
	case result == resultIncompatible: // what loaders since 1.3.200 say when there is no driver at all
		return noDevices("", problems)
	case result == resultNoLayer: // it is described as installed, but is not there, or is for another processor
		return noLayer(err, validation)
	case set != nil || result == resultInitializationFailed || problems != nil:
		// A manifest that is no JSON makes some loaders say "out of host memory".
		return noDevices("vkCreateInstance: "+resultText(result), problems)
	}
	return err
}

const validationHint = "apt-get install vulkan-validationlayers"

// ValidationAvailable says whether Options.Validation can be had.
func ValidationAvailable() bool {
	proc, err := openLoader()
	if err != nil {
		return false
	}
	version, result := validationVersion(proc)
	return version != 0 && result == resultSuccess
}

// validationVersion is the version of Vulkan that the layer knows, 0 without it.
func validationVersion(proc unsafe.Pointer) (version uint32, result int32) {
	var v C.uint32_t
	result = int32(C.shim_validation_version(proc, &v))
	return uint32(v), result
}

// Problems are the drivers and layers that the loader could not use when the instance was opened.
func (in *Instance) Problems() []LoaderProblem { return in.words.problems(false) }

// Devices lists the devices of Vulkan 1.1 or later that have a queue for compute, in the loader's order.
func (in *Instance) Devices() []Info {
	infos := slices.Clone(in.infos)
	for i := range infos {
		infos[i].Heaps = slices.Clone(infos[i].Heaps)
	}
	return infos
}

// Messages is the number of warnings and errors that validation has reported so far; 0 without validation.
func (in *Instance) Messages() int { return int(in.messages.Load()) }

// Close ends the use of Vulkan. It is an error while a device is open, and nothing is closed then.
func (in *Instance) Close() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		return nil
	}
	if in.open > 0 {
		return usage("instance closed while %d of its devices are open", in.open)
	}
	in.closed = true
	in.destroy()
	return nil
}

func (in *Instance) destroy() {
	C.shim_destroy_instance(in.shim)
	in.callback.Delete()
}
