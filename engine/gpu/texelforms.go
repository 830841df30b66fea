package gpu

import (
	"math/bits"

	"cnnvk/vk"
)

// Up to Mesa 22.3 lavapipe's machine code of a kernel depends on each of its texel buffers: on whether bits 8 to 15 of the window's size are all
// 0, which it takes for the mip levels of a texture, and on whether the size of the buffer is a power of two. The driver compiles a pipeline for
// each case that it meets. But compiling the first one rewrites the kernel, by which the second one is then kept: a later process,
// which finds the first one compiled and looks for the second, does not find it. So what is compiled apart has pipelines of its own.

// texelForms tells the dispatches' pipelines apart by their texel windows.
func (pl *plan) texelForms() {
	if pl.target.kind != vk.CPU {
		return
	}
	for i := range pl.dispatches {
		d := &pl.dispatches[i]
		for _, o := range d.texel {
			d.forms = append(d.forms, o.size()&0xff00 == 0)
		}
	}
}

// oddly is the size of a buffer for so many bytes that is no power of two: all of them are of one form.
func oddly(bytes int64) int64 {
	if bits.OnesCount64(uint64(bytes)) == 1 {
		return bytes + windowAlign/2
	}
	return bytes
}
