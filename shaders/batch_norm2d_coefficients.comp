#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d_backward where the forward pass is not part of the step: what it would have left
//   vectors = mean, 1/sqrt(var + eps), weight/sqrt(var + eps)      (see channels.glsl)
//
//   saved  (2, C): mean and 1/sqrt(var + eps)    weight  (C)    vectors  (6, C), of which three are written
#include "dispatch.glsl"

layout(constant_id = 1) const uint C = 64;
#include "channels.glsl"

layout(std430, binding = 0) readonly  buffer Saved { float saved[]; };
layout(std430, binding = 1) readonly  buffer Weight { float weight[]; };
layout(std430, binding = 2) writeonly buffer Vectors { float vectors[]; };

void main() {
    uint c = invocation();
    if (c >= C) return;
    vectors[MEAN + c] = saved[c];
    vectors[INVERSE + c] = saved[C + c];
    vectors[SCALE + c] = weight[c] * saved[C + c];
}
