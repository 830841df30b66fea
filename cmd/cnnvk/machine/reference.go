package machine

import (
	"errors"
	"strings"

	"cnnvk/internal/hints"
	"cnnvk/vk"
)

// WantsCPU says whether a device's name means the reference executor.
func WantsCPU(device string) bool { return strings.EqualFold(device, CPU) }

// OrCPU adds to the hint of a missing device what works without one.
func OrCPU(err error) error {
	if !IsNoVulkan(err) {
		return err
	}
	return hints.With(err, strings.TrimPrefix(hints.Of(err)+", or ", ", or ")+"--device cpu (the Go reference, slow)")
}

// IsNoVulkan says whether an error means that there is no Vulkan here, or no such device.
func IsNoVulkan(err error) bool {
	return errors.Is(err, vk.ErrNoLoader) || errors.Is(err, vk.ErrNoDevice)
}
