// Package vk is Vulkan compute and nothing else: it finds a device, hands out memory, builds pipelines, records dispatches with the
// barriers that they need, and submits them. It knows no tensors and no shaders.
//
// The way through it:
//
//	instance, err := vk.Open(vk.Options{})
//	info, err := vk.Choose(instance.Devices(), "")
//	device, err := instance.OpenDevice(info)
//	x, err := device.NewBuffer(4096, vk.DeviceLocal, "x")
//	double, err := device.NewPipeline(vk.PipelineSpec{Name: "double", Code: spirv, StorageBuffers: 1})
//
//	recorder, err := device.NewRecorder("step")
//	err = recorder.Dispatch(vk.Dispatch{
//		Pipeline: double,
//		Storage:  []vk.Binding{{Window: x.Window(0, 4096), Access: vk.ReadWrite}},
//		Groups:   [3]uint32{16, 1, 1},
//	})
//	commands, err := recorder.Finish()
//
//	pending, err := device.Submit(commands) // as often as wanted
//	err = pending.Wait(time.Minute)
//
// # Ordering
//
// A device has one queue. Commands open with a barrier, so whatever was submitted earlier has happened, and is visible, before
// they begin; inside them the recorder places a barrier wherever two dispatches touch the same bytes and one of them writes; they
// end with a barrier that makes what they wrote visible to the host. A caller states what each binding reads and writes, and
// needs to know nothing else about synchronisation.
//
// # Threads
//
// Every method may be called from any goroutine: the Vulkan calls of a [Device] are serialised by a mutex inside it. Only
// waiting for a submission happens outside of it, so one goroutine can wait while another records.
//
// # Errors
//
// Public functions return errors and do not panic. What the driver reports is an [Error], which names the call and unwraps to
// one of the sentinels, such as [ErrOutOfMemory]. What the caller did wrong unwraps to [ErrUsage], what the device cannot do
// to [ErrUnsupported]. Where a user can act, the error has a hint (see internal/hints): one
// line that can be typed or followed.
//
// # Two ways to Vulkan
//
// Handles, constants and the calls that make one object from one plain struct come from github.com/vulkan-go/vulkan. That
// binding copies slices of structs to C memory that a finalizer may free during the call, and ends at Vulkan 1.1.88. So every
// call that takes such a slice, and everything newer, goes through the C of shim.h, which builds the structs on the C stack.
// Its declarations (abi.h) are its own, so that building needs a C compiler and no Vulkan headers; a test holds them against
// Khronos' headers where those are installed.
package vk
