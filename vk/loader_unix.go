//go:build linux || darwin

package vk

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>
*/
import "C"

import (
	"runtime"
	"unsafe"
)

// openLibrary returns a function of a library, or nil and why not.
func openLibrary(name, function string) (unsafe.Pointer, string) {
	// dlerror is of the thread that failed, and a goroutine may go to another between two calls.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cName, cFunction := C.CString(name), C.CString(function)
	defer C.free(unsafe.Pointer(cName))
	defer C.free(unsafe.Pointer(cFunction))
	library := C.dlopen(cName, C.RTLD_NOW|C.RTLD_LOCAL)
	if library == nil {
		return nil, C.GoString(C.dlerror())
	}
	proc := C.dlsym(library, cFunction)
	if proc == nil {
		C.dlclose(library)
		return nil, name + " has no " + function
	}
	return proc, ""
}
