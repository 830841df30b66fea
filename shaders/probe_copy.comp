#version 450
#extension GL_GOOGLE_include_directive : require
// probe_copy: y = x
//
//   x, y  (count*RUN) vec4
//
// Not an op: it finds out how fast a device reads and writes memory. One invocation copies RUN neighbouring vec4s: one is
// what GPUs like, whose invocations read side by side; more are fewer invocations for CPU drivers. probe_copy_texel is the
// same with x in a texel buffer.
#include "dispatch.glsl"

layout(constant_id = 1) const uint RUN = 1;

layout(push_constant) uniform Push { uint count; } push;

layout(std430, binding = 0) readonly  buffer X { vec4 x[]; };
layout(std430, binding = 1) writeonly buffer Y { vec4 y[]; };

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    for (uint k = 0u; k < RUN; k++) y[i * RUN + k] = x[i * RUN + k];
}
