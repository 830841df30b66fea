#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d, running statistics: next[c] = (1 - MOMENTUM) * running[c] + MOMENTUM * batch[c]
//
//   running, batch, next  (C)
//
// The candidate waits in its own place until the update commits it, so that a step that was not finite leaves
// the statistics as they were.
#include "dispatch.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const float MOMENTUM = 0.1;

layout(std430, binding = 0) readonly  buffer Running { float running[]; };
layout(std430, binding = 1) readonly  buffer Batch { float batch[]; };
layout(std430, binding = 2) writeonly buffer Next { float next[]; };

void main() {
    uint c = invocation();
    if (c < C) next[c] = (1.0 - MOMENTUM) * running[c] + MOMENTUM * batch[c];
}
