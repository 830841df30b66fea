#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d_eval, first stage: saved[0,c] = mean[c],  saved[1,c] = 1/sqrt(var[c] + EPSILON)
//
//   mean, var  (C), the running statistics    saved  (2, C)
#include "dispatch.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const float EPSILON = 1e-5;

layout(std430, binding = 0) readonly  buffer Mean { float mean[]; };
layout(std430, binding = 1) readonly  buffer Var { float var[]; };
layout(std430, binding = 2) writeonly buffer Saved { float saved[]; };

void main() {
    uint c = invocation();
    if (c >= C) return;
    saved[c] = mean[c];
    saved[C + c] = 1.0 / sqrt(var[c] + EPSILON);
}
