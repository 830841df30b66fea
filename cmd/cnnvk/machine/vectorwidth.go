package machine

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"cnnvk/internal/files"
)

// Lavapipe, Mesa's Vulkan driver for CPUs, computes in vectors of 256 bits. Where the processor has vectors of 512 bits, some processors
// are faster with them and some are not, so both are measured. The driver reads the width from the environment of its process whenever
// an instance is made.

// widthVariable is Mesa's. Where the user sets it, that is the width. Else an open machine holds its own width in it.
const widthVariable = "LP_NATIVE_VECTOR_WIDTH"

// shaderCacheVariable names the folder where Mesa keeps compiled shaders. Lavapipe 26 takes those of one width for those of another, and
// crashes; so each width has a folder of its own.
const shaderCacheVariable = "MESA_SHADER_CACHE_DIR"

var vectorWidths = []int{256, 512}

// usersWidth is what the user's environment says of the vector width, and of where shaders are kept.
type usersWidth struct {
	value          string
	set            bool
	shaderCache    string
	shaderCacheSet bool
}

// readUsersWidth is the user's width, as long as no machine is open.
func readUsersWidth() (u usersWidth) {
	u.value, u.set = os.LookupEnv(widthVariable)
	u.shaderCache, u.shaderCacheSet = os.LookupEnv(shaderCacheVariable)
	return u
}

// setFor sets the width for the next Vulkan instance, unless the user did: the one in a device's name, or else the one that was measured.
// It reports whether it was in the name.
func (u usersWidth) setFor(device string) (named bool) {
	if u.value != "" {
		u.setShaderCache(u.value)
		return false
	}
	bits := measuredWidth().Bits
	if found := widthInName.FindStringSubmatch(device); found != nil {
		bits, _ = strconv.Atoi(found[1])
		named = true
	}
	u.setWidth(bits)
	return named
}

// setWidth sets a width; 0 is the driver's own.
func (u usersWidth) setWidth(bits int) {
	if bits == 0 {
		os.Unsetenv(widthVariable)
		restore(shaderCacheVariable, u.shaderCache, u.shaderCacheSet)
		return
	}
	value := strconv.Itoa(bits)
	os.Setenv(widthVariable, value)
	u.setShaderCache(value)
}

// setShaderCache gives that width a folder of its own, below the user's where there is one.
func (u usersWidth) setShaderCache(width string) {
	base := u.shaderCache
	if base == "" {
		cache, err := files.CacheDir()
		if err != nil {
			return
		}
		base = filepath.Join(cache, "lavapipe")
	}
	folder := filepath.Join(base, width+" bits")
	os.MkdirAll(folder, 0o777) // Mesa makes no more than the last of a path, and without it compiles everything anew, in words of its own
	os.Setenv(shaderCacheVariable, folder)
}

// restore makes the environment the user's again.
func (u usersWidth) restore() {
	restore(widthVariable, u.value, u.set)
	restore(shaderCacheVariable, u.shaderCache, u.shaderCacheSet)
}

func restore(variable, value string, set bool) {
	if set {
		os.Setenv(variable, value)
	} else {
		os.Unsetenv(variable)
	}
}

// widthInName finds the vector width in the name of a lavapipe device; only those with which the driver works.
var widthInName = regexp.MustCompile(`^llvmpipe \(.*\b(128|256|512) bits\)$`)
