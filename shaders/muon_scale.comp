#version 450
#extension GL_GOOGLE_include_directive : require
// muon, third stage: tall = tall / (norm + 1e-7), norm = sqrt(sum of parts)
//
//   tall  (count*4)    parts  (S): sums of squares, of gradient_norm
//
// One invocation makes four values. Each sums the few parts by itself, which saves a dispatch that would wait for them.
#include "dispatch.glsl"

layout(push_constant) uniform Push { uint count, S; } push;

layout(std430, binding = 0)          buffer Tall { vec4 tall[]; };
layout(std430, binding = 1) readonly buffer Parts { float parts[]; };

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    float sum = 0.0;
    for (uint s = 0u; s < push.S; s++) sum += parts[s];
    tall[i] = tall[i] / (sqrt(sum) + 1e-7);
}
