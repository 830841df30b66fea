package machine

import (
	"testing"

	"cnnvk/vk"
)

func TestCheckLavapipe(t *testing.T) {
	for _, width := range []string{"64", "0", "1024", "192", "-1", "abc", " 256", "0x100", "256 bits", "99999999999"} {
		if err := checkLavapipe(width); err == nil {
			t.Errorf("a width of %q is let through", width)
		}
	}
	for _, width := range []string{"", "128", "256", "512"} {
		if err := checkLavapipe(width); err != nil {
			t.Error(err)
		}
	}
	for value, ok := range map[string]bool{"0": true, "false": true, "No": true, "1": false, "true": false, "y": false} {
		t.Setenv(noopVariable, value)
		if err := checkLavapipe(""); (err == nil) != ok {
			t.Errorf("%s=%s: %v", noopVariable, value, err)
		}
	}
}

// Kernels are compiled ahead where the driver keeps them, and only there.
func TestKeepsShaders(t *testing.T) {
	for _, c := range []struct {
		driver, variable, value string
		keeps                   bool
	}{
		{"llvmpipe", "MESA_SHADER_CACHE_DISABLE", "", true},
		{"llvmpipe", "MESA_SHADER_CACHE_DISABLE", "false", true},
		{"llvmpipe", "MESA_SHADER_CACHE_DISABLE", "True", false},
		{"llvmpipe", "MESA_GLSL_CACHE_DISABLE", "1", false},
		{"NVIDIA", "MESA_SHADER_CACHE_DISABLE", "", false},
	} {
		t.Run(c.driver+" "+c.value, func(t *testing.T) {
			t.Setenv("MESA_SHADER_CACHE_DISABLE", "")
			t.Setenv("MESA_GLSL_CACHE_DISABLE", "")
			t.Setenv(c.variable, c.value)
			if got := keepsShaders(vk.Info{Driver: c.driver}); got != c.keeps {
				t.Errorf("%+v: %t", c, got)
			}
		})
	}
}
