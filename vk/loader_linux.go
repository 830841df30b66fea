package vk

// The second name is the -dev package's link; some minimal images have only that.
var loaderNames = []string{"libvulkan.so.1", "libvulkan.so"}

const (
	loaderHint = "apt-get install libvulkan1 mesa-vulkan-drivers"
	driverHint = "apt-get install mesa-vulkan-drivers"
	unsetHint  = "unset %s"
)
