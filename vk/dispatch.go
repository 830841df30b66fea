package vk

// Dispatch is one run of a pipeline.
type Dispatch struct {
	Pipeline *Pipeline
	Storage  []Binding // in the order of the shader's bindings; offsets at multiples of Limits.StorageAlignment
	Uniform  Window    // if the pipeline has one; offset at a multiple of Limits.UniformAlignment
	Texel    []Texels  // if the pipeline has some; sizes in whole texels
	Push     []uint32  // floats as their bits
	Groups   [3]uint32 // workgroups on each axis, at least 1
	Idle     bool      // runs no workgroup, and Groups is 0: some drivers compile the shader then
	Label    string    // for errors
}

// Binding is a storage buffer's window and what the shader does with it.
type Binding struct {
	Window Window
	Access Access
}

// Texels is a texel buffer's window and what a texel is.
type Texels struct {
	Window Window
	Format TexelFormat
}

// TexelFormat is what a shader reads of a texel buffer at once. Every device has these.
type TexelFormat uint8

const (
	FourFloats TexelFormat = iota // rgba32f, samplerBuffer in GLSL
	TwoWords                      // rg32ui, usamplerBuffer
)

// bytes is the size of a texel.
func (f TexelFormat) bytes() int64 {
	if f == TwoWords {
		return 8
	}
	return 16
}

// checkDispatch is the error of a dispatch that Vulkan leaves undefined.
func (d *Device) checkDispatch(x *Dispatch) error {
	p := x.Pipeline
	switch {
	case p == nil:
		return usage("dispatch %q has no pipeline", x.Label)
	case p.device != d:
		return usage("dispatch %q: pipeline %q is of another device", x.Label, p.spec.Name)
	case !p.alive:
		return usage("dispatch %q: pipeline %q is destroyed", x.Label, p.spec.Name)
	}
	if err := x.checkCounts(&p.spec); err != nil {
		return err
	}
	if err := x.checkGroups(d.info.Limits); err != nil {
		return err
	}
	for i, b := range x.Storage {
		if b.Access < Read || b.Access > ReadWrite {
			return usage("dispatch %q: storage buffer %d (%q) has no access", x.Label, i, b.Window.label())
		}
	}
	for _, t := range x.touches(nil) {
		if err := d.checkWindow(t.window); err != nil {
			return err
		}
	}
	if err := x.checkRanges(d.info.Limits); err != nil {
		return err
	}
	return x.checkOverlaps()
}

func (x *Dispatch) checkCounts(s *PipelineSpec) error {
	if len(x.Storage) != s.StorageBuffers || len(x.Texel) != s.TexelBuffers || 4*len(x.Push) != s.PushBytes {
		return usage("dispatch %q: %d storage buffers, %d texel buffers, %d bytes of push constants; pipeline %q has %d, %d, %d",
			x.Label, len(x.Storage), len(x.Texel), 4*len(x.Push), s.Name, s.StorageBuffers, s.TexelBuffers, s.PushBytes)
	}
	if given := x.Uniform.Buffer != nil; given != s.Uniform {
		return usage("dispatch %q: uniform buffer given: %t; pipeline %q has one: %t", x.Label, given, s.Name, s.Uniform)
	}
	return nil
}

func (x *Dispatch) checkGroups(l Limits) error {
	if x.Idle {
		if x.Groups != [3]uint32{} {
			return usage("dispatch %q is idle and has workgroups: %v", x.Label, x.Groups)
		}
		return nil
	}
	for axis, n := range x.Groups {
		if n == 0 {
			return usage("dispatch %q has no workgroups: %v", x.Label, x.Groups)
		}
		if n > l.WorkgroupCount[axis] {
			return unsupported("dispatch %q has %d workgroups on axis %d, the device allows %d",
				x.Label, n, axis, l.WorkgroupCount[axis])
		}
	}
	return nil
}

func (x *Dispatch) checkRanges(l Limits) error {
	check := func(what string, w Window, alignment, most int64) error {
		if w.Offset%alignment != 0 {
			return usage("dispatch %q: %s %q is at %d, not at a multiple of %d", x.Label, what, w.label(), w.Offset, alignment)
		}
		if w.Size > most {
			return unsupported("dispatch %q: %s %q has %d bytes, the device allows %d", x.Label, what, w.label(), w.Size, most)
		}
		return nil
	}
	for _, b := range x.Storage {
		if err := check("storage buffer", b.Window, l.StorageAlignment, l.StorageBufferRange); err != nil {
			return err
		}
	}
	if x.Uniform.Buffer != nil {
		if err := check("uniform buffer", x.Uniform, l.UniformAlignment, l.UniformBufferRange); err != nil {
			return err
		}
	}
	for _, t := range x.Texel {
		w, texel := t.Window, t.Format.bytes()
		if err := check("texel buffer", w, l.TexelBufferAlignment, texel*int64(l.TexelBufferElements)); err != nil {
			return err
		}
		if w.Size%texel != 0 {
			return usage("dispatch %q: texel buffer %q has %d bytes, no whole texels", x.Label, w.label(), w.Size)
		}
	}
	return nil
}

// checkOverlaps refuses windows that overlap in part while one is written: invocations would race. The same window twice is a
// shader that works in place.
func (x *Dispatch) checkOverlaps() error {
	all := x.touches(nil)
	for i, a := range all {
		for _, b := range all[:i] {
			if (a.access|b.access)&Write != 0 && a.window != b.window && a.window.overlaps(b.window) {
				return usage("dispatch %q: writes one of two windows of buffer %q that overlap in part: %d bytes at %d, %d at %d",
					x.Label, a.window.label(), b.window.Size, b.window.Offset, a.window.Size, a.window.Offset)
			}
		}
	}
	return nil
}

// touches lists all windows of a dispatch.
func (x *Dispatch) touches(list []touch) []touch {
	for _, b := range x.Storage {
		list = append(list, touch{b.Window, b.Access})
	}
	if x.Pipeline.spec.Uniform {
		list = append(list, touch{x.Uniform, Read})
	}
	for _, t := range x.Texel {
		list = append(list, touch{t.Window, Read})
	}
	return list
}

func (w Window) label() string {
	if w.Buffer == nil {
		return ""
	}
	return w.Buffer.label
}
