// Where a BatchNorm2d's numbers of its C channels lie, side by side in one window: those of the batch, or in an evaluation the running
// ones; what normalising makes of x, (x - mean) * scale + bias; and of the gradient by the output, g, what that by x needs. xhat is the
// normalised x before scale and bias. The shader has the constant C.
#ifndef CHANNELS_GLSL
#define CHANNELS_GLSL

const uint MEAN = 0u;           // over n,r of x
const uint INVERSE = C;         // 1/sqrt(var + eps)
const uint SCALE = 2u * C;      // weight/sqrt(var + eps)
const uint BIAS = 3u * C;
const uint MEAN_G = 4u * C;     // over n,r of g
const uint MEAN_GX = 5u * C;    // over n,r of g*xhat, divided by sqrt(var + eps)

#endif
