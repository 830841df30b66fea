package vk

// stagingBytes is the size of the pieces in which Write and Read pass data to memory that the host cannot see.
const stagingBytes = 4 << 20

// Write copies data into a window of its size. It waits for all that was submitted before, and is done when it returns; to
// pass data to a device that is busy, use an Upload buffer's Bytes.
//
// For memory that the host cannot see the data goes through a small staging buffer, in pieces.
func (d *Device) Write(w Window, data []byte) error {
	d.transfer.Lock()
	defer d.transfer.Unlock()
	mapped, err := d.window(w, data, memoryHostVisible)
	if err != nil || len(data) == 0 {
		return err
	}
	if mapped != nil {
		copy(mapped, data)
		return w.Buffer.Flush(w.Offset, w.Size)
	}
	staging, err := d.stagingBuffer(Upload)
	if err != nil {
		return err
	}
	for at := int64(0); at < w.Size; at += stagingBytes {
		piece := min(stagingBytes, w.Size-at)
		copy(staging.mapped(), data[at:at+piece])
		if err := staging.Flush(0, piece); err != nil {
			return err
		}
		if err := d.copyNow(w.Buffer.Window(w.Offset+at, piece), staging.Window(0, piece)); err != nil {
			return err
		}
	}
	return nil
}

// Read copies a window into data, which has its size, after waiting for all that was submitted before.
func (d *Device) Read(data []byte, w Window) error {
	d.transfer.Lock()
	defer d.transfer.Unlock()
	mapped, err := d.window(w, data, memoryHostCached)
	if err != nil || len(data) == 0 {
		return err
	}
	if mapped != nil {
		if err := w.Buffer.Invalidate(w.Offset, w.Size); err != nil {
			return err
		}
		copy(data, mapped)
		return nil
	}
	staging, err := d.stagingBuffer(Readback)
	if err != nil {
		return err
	}
	for at := int64(0); at < w.Size; at += stagingBytes {
		piece := min(stagingBytes, w.Size-at)
		if err := d.copyNow(staging.Window(0, piece), w.Buffer.Window(w.Offset+at, piece)); err != nil {
			return err
		}
		if err := staging.Invalidate(0, piece); err != nil {
			return err
		}
		copy(data[at:at+piece], staging.mapped())
	}
	return nil
}

// window checks a transfer. Where the window's memory has the flags for it, the result is the mapped window, and the device
// is idle; else it is nil.
func (d *Device) window(w Window, data []byte, flags memoryFlags) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w.Size == 0 && len(data) == 0 {
		return nil, d.usable()
	}
	if err := d.checkWindow(w); err != nil {
		return nil, err
	}
	if int64(len(data)) != w.Size {
		return nil, usage("%d bytes of data for a window of %d bytes of buffer %q", len(data), w.Size, w.Buffer.label)
	}
	if d.memory.flags(w.Buffer.part)&flags == 0 || d.stagingAlways {
		return nil, nil
	}
	if err := d.drain(); err != nil {
		return nil, err
	}
	return w.Buffer.mapped()[w.Offset:][:w.Size], nil
}

// stagingBuffer makes the buffer on first use. It belongs to the device and is no leak.
func (d *Device) stagingBuffer(use Use) (*Buffer, error) {
	slot := &d.staging[0]
	if use == Readback {
		slot = &d.staging[1]
	}
	if *slot != nil {
		return *slot, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	b, err := d.newBuffer(stagingBytes, use, "staging for "+use.String())
	*slot = b
	return b, err
}

// copyNow copies, and waits until it is done.
func (d *Device) copyNow(dst, src Window) error {
	return d.Do("transfer", drainTime, func(r *Recorder) error { return r.Copy(dst, src) })
}
