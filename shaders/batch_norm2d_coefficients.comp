#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d, third stage: what normalising needs of a channel, side by side in one window
//   coef[0,c] = mean,  coef[1,c] = weight[c] / sqrt(var + eps),  coef[2,c] = bias[c]
//
//   saved  (2, C): mean and 1/sqrt(var + eps)    weight, bias  (C)    coef  (3, C)
//
// ops: batch_norm2d, batch_norm2d_eval
#include "dispatch.glsl"

layout(constant_id = 1) const uint C = 64;

layout(std430, binding = 0) readonly  buffer Saved { float saved[]; };
layout(std430, binding = 1) readonly  buffer Weight { float weight[]; };
layout(std430, binding = 2) readonly  buffer Bias { float bias[]; };
layout(std430, binding = 3) writeonly buffer Coef { float coef[]; };

void main() {
    uint c = invocation();
    if (c >= C) return;
    coef[c] = saved[c];
    coef[C + c] = weight[c] * saved[C + c];
    coef[2u * C + c] = bias[c];
}
