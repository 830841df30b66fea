// Package engine says what is computed; executors say how.
//
// A training step is written down once, as a [Program]: a list of ops over tensors of known
// shape. An [Executor] runs it. engine/cpu runs it with plain float64 loops and is the reference;
// engine/gpu runs it as recorded Vulkan command buffers. Whatever can be asked of one can be asked
// of the other, so every shader has an oracle.
//
// # Tensors
//
// Activations are (N, C, H, W), features and logits (N, C, 1, 1), parameters have PyTorch's shapes.
// How a tensor lies in memory is the executor's business; [Session.Read] and [Session.Write]
// always speak logical row-major order. A program may store activations and their gradients in 16 bits
// ([Builder.Store]): what is read is then what was rounded. All arithmetic is that of [Float].
//
// # What overwrites and what accumulates
//
// Every op overwrites (=) its outputs; none accumulates (+=) into them. A tensor with several
// readers gets its gradient from explicit add ops, in the order of the readers. The ops of the
// update (sgd, adamw, running_statistics, ema) read and replace state in place; so does
// gradient_norm with the status: the not-finite flag, and the loss scale where there is one.
//
// # State
//
// Parameters and BatchNorm statistics are segments of one flat arena, [Model]. The arenas [Gradient]
// and [EMA] are laid out alike, so clipping, the optimiser and the average are passes over flat
// memory. Where Model holds a running statistic, Gradient holds its candidate for the next step:
// forward computes it, the update commits it, unless the step was not finite.
package engine
