package vk

/*
#include "shim.h"
*/
import "C"

import (
	"unsafe"

	"github.com/vulkan-go/vulkan"
)

// raw and fromRaw carry a handle of the binding's to and from the shim. All handles are 64 bits wide on the platforms that
// abi.h admits; some are pointers and some numbers, so none may become an unsafe.Pointer on the way.
func raw[H any](handle H) C.uint64_t { return *(*C.uint64_t)(unsafe.Pointer(&handle)) }

func fromRaw[H any](bits C.uint64_t) H { return *(*H)(unsafe.Pointer(&bits)) }

// setName tells the validation layer what an object is called in its messages.
func (d *Device) setName(objectType vulkan.ObjectType, handle C.uint64_t, name string) {
	text := append([]byte(name), 0)
	C.shim_set_name(d.shim, C.uint32_t(objectType), handle, (*C.char)(unsafe.Pointer(&text[0])))
}
