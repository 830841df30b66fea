package vk

import (
	"syscall"
	"unsafe"
)

var loaderNames = []string{"vulkan-1.dll"}

const (
	loaderHint = "install the graphics driver of your GPU's vendor: vulkan-1.dll comes with it"
	driverHint = "install the graphics driver of your GPU's vendor"
	unsetHint  = "remove %s from the environment"
)

// openLibrary returns a function of a library, or nil and why not.
func openLibrary(name, function string) (unsafe.Pointer, string) {
	library, err := syscall.LoadLibrary(name)
	if err != nil {
		return nil, name + ": " + err.Error()
	}
	address, err := syscall.GetProcAddress(library, function)
	if err != nil {
		return nil, name + ": " + err.Error()
	}
	// The address of code in a library, which the garbage collector does not manage.
	return *(*unsafe.Pointer)(unsafe.Pointer(&address)), ""
}
