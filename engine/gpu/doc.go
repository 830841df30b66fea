// Package gpu runs programs on a Vulkan device.
//
// A program becomes a plan once: which kernel variant runs which op or fused ops ([variant]), how each activation
// is laid out in panels (panels.go), and where each tensor lies in memory (memory.go). The plan is then recorded into
// command buffers, one for each slot of the ring of step inputs (record.go), and a step is filling its inputs and
// submitting its commands, together with those of other steps (queue.go).
//
// To add an op's kernel: write the shader, declare a [kernel] with its bindings, and a [variant] with the ops it
// covers, the condition under which it may run, and its dispatches. Barriers, descriptor layouts and memory follow.
package gpu
