package vk

import (
	"cnnvk/internal/hints"
	"fmt"
	"strings"
	"sync"
	"unsafe"

	"github.com/vulkan-go/vulkan"
)

// The loader library is opened once and stays open. The binding keeps its function pointers in C globals, so they are filled
// once too, under the same lock: they are the loader's trampolines and serve every instance.
var loader struct {
	sync.Mutex
	proc          unsafe.Pointer // vkGetInstanceProcAddr, a C function
	instanceCalls bool           // the binding has its instance-level functions
}

// openLoader returns vkGetInstanceProcAddr of the first library in loaderNames that can be opened.
func openLoader() (unsafe.Pointer, error) {
	loader.Lock()
	defer loader.Unlock()
	if loader.proc != nil {
		return loader.proc, nil
	}
	var failures []string
	for _, name := range loaderNames {
		proc, failure := openLibrary(name, "vkGetInstanceProcAddr")
		if proc == nil {
			failures = append(failures, failure)
			continue
		}
		vulkan.SetGetInstanceProcAddr(proc)
		if err := vulkan.Init(); err != nil {
			return nil, fmt.Errorf("vk: %s: %w: %w", name, ErrNoLoader, err)
		}
		loader.proc = proc
		return proc, nil
	}
	return nil, hints.With(fmt.Errorf("vk: %w: %s", ErrNoLoader, strings.Join(failures, "; ")), loaderHint)
}

// bindInstanceCalls gives the binding its instance-level functions, without which its calls jump to NULL.
func bindInstanceCalls(instance vulkan.Instance) error {
	loader.Lock()
	defer loader.Unlock()
	if loader.instanceCalls {
		return nil
	}
	if err := vulkan.InitInstance(instance); err != nil {
		return fmt.Errorf("vk: %w: %w", ErrNoLoader, err)
	}
	loader.instanceCalls = true
	return nil
}
