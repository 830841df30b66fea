#version 450
#extension GL_GOOGLE_include_directive : require
// linear_backward_bias: db[m] = sum over n of dy[n,m], in the order of n
//
//   dy  (N/G, M, G)   db  (M)
//
// One invocation sums one output's column: M of them is little work on any device.
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint M = 100;
layout(constant_id = 2) const uint G = 1;

layout(push_constant) uniform Push { uint N; } push;

ACTIVATION_FLOATS(0, DY, dy);
layout(std430, binding = 1) writeonly buffer DB { float db[]; };

void main() {
    uint m = invocation();
    if (m >= M) return;
    float sum = 0.0;
    for (uint n = 0u; n < push.N; n++) sum += FETCH(dy, plane_at(n, m, M, G, 1u));
    db[m] = sum;
}
