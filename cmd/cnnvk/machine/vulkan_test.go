package machine

import (
	"errors"
	"testing"

	"cnnvk/internal/env"
	"cnnvk/internal/hints"
	"cnnvk/vk"
)

// What the environment asks of Vulkan, and what of it is refused.
func TestVulkanOptions(t *testing.T) {
	for _, c := range []struct {
		profile, validation string
		want                vk.Options
		says, hint          string
	}{
		{"", "", vk.Options{}, "", ""},
		{"", "true", vk.Options{Validation: true}, "", ""},
		{"floor", "0", vk.Options{Floor: true}, "", ""},
		{"flor", "", vk.Options{}, `CNNVK_PROFILE is "flor", which is no profile`, "CNNVK_PROFILE=floor"},
		{"", "yes", vk.Options{}, `CNNVK_VALIDATION is "yes": use 1 or true, 0 or false`, "CNNVK_VALIDATION=1, or unset it"},
	} {
		t.Setenv("CNNVK_PROFILE", c.profile)
		t.Setenv("CNNVK_VALIDATION", c.validation)
		got, err := vulkanOptions()
		if c.says == "" {
			if err != nil || got != c.want {
				t.Errorf("%+v: %+v, %v", c, got, err)
			}
		} else if err == nil || err.Error() != c.says || hints.Of(err) != c.hint || !errors.As(err, new(*env.Error)) {
			t.Errorf("%+v: %v, hint %q", c, err, hints.Of(err))
		}
	}
}
