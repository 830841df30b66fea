package vk

/*
#include <stdint.h>
*/
import "C"

import (
	"runtime/cgo"
)

// goMessage takes a message of the validation layer. It runs inside the Vulkan call that caused the message, which may hold
// a device's mutex, and so takes no lock.
//
//export goMessage
func goMessage(user C.uintptr_t, severity C.uint32_t, id, text *C.char) {
	in, ok := cgo.Handle(user).Value().(*Instance)
	if !ok {
		return
	}
	in.messages.Add(1)
	name := ""
	if id != nil {
		name = C.GoString(id)
	}
	if severity >= severityError {
		in.log.Error("vulkan validation", "id", name, "message", C.GoString(text))
	} else {
		in.log.Warn("vulkan validation", "id", name, "message", C.GoString(text))
	}
}
