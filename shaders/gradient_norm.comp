#version 450
#extension GL_GOOGLE_include_directive : require
// gradient_norm, first stage: parts[s] = sum of g[i]^2 over the s-th run of the gradients
//
//   g  (count*LANES)    parts  (S)
//
// One invocation sums one run of neighbours.
#include "dispatch.glsl"
#include "lanes.glsl"

layout(push_constant) uniform Push { uint count, run, S; } push; // run: values of type lanes to a part

layout(std430, binding = 0) readonly  buffer G { lanes g[]; };
layout(std430, binding = 1) writeonly buffer Parts { float parts[]; };

void main() {
    uint s = invocation();
    if (s >= push.S) return;
    lanes sum = lanes(0.0);
    for (uint i = s * push.run; i < min((s + 1u) * push.run, push.count); i++) sum += g[i] * g[i];
    parts[s] = total(sum);
}
