package vk

// Without the SDK's loader, MoltenVK serves as loader and driver in one.
var loaderNames = []string{"libvulkan.1.dylib", "libvulkan.dylib", "libMoltenVK.dylib"}

const (
	loaderHint = "brew install vulkan-loader molten-vk"
	driverHint = "brew install molten-vk"
	unsetHint  = "unset %s"
)
