#version 450
#extension GL_GOOGLE_include_directive : require
// fold_norm: a convolution and the batch_norm2d_eval behind it as one convolution with a bias
//   folded[m,i] = w[m,i] * scale[m]      folded[BIAS_AT + m] = shift[m] - mean[m] * scale[m], or, BIASED, shift[m] + (b[m] - mean[m]) * scale[m]
//
//   w  (M, ROW), ROW = K*R*R, or R*R of a depthwise one    b  (M), read with BIASED alone
//   coef  (4, M) by batch_norm2d_eval_statistics: mean, 1/sqrt(var + eps), scale, shift    folded  weight and bias in one window, since there are four
//
// One invocation makes one weight, the first of a row its bias too. Whatever runs the convolution then finds operands as its own are.
#include "dispatch.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint ROW = 64;
layout(constant_id = 3) const uint BIAS_AT = 4096;
layout(constant_id = 4) const bool BIASED = false;

layout(std430, binding = 0) readonly  buffer Weight { float w[]; };
layout(std430, binding = 1) readonly  buffer Bias { float b[]; };
layout(std430, binding = 2) readonly  buffer Coef { float coef[]; };
layout(std430, binding = 3) writeonly buffer Folded { float folded[]; };

void main() {
    uint id = invocation(), m = id / ROW;
    if (m >= M) return;
    float mean = coef[m], scale = coef[2u * M + m], shift = coef[3u * M + m];
    folded[id] = w[id] * scale;
    if (id % ROW == 0u) folded[BIAS_AT + m] = BIASED ? shift + (b[m] - mean) * scale : shift - mean * scale;
}
