#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d_backward_bias, first stage: parts[s,m] = sum over the s-th piece of n, and r, of dy[n,m,r]
//
//   dy  (N/G, M, G, PLANE*CHUNK)   parts  (S, M), added up by sum_partials
//
// Piece s holds the planes n = s*per .. min(N, (s+1)*per)-1. One invocation sums one channel of one piece.
//
// kernel conv2d_backward_bias
// kernel conv2d_backward_bias_any: SCALAR
// kernel conv2d_backward_bias_texel: TEXEL
#include "dispatch.glsl"
#include "fetch.glsl"
#include "chunk.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint G = 1;
layout(constant_id = 4) const uint RUN = 4; // divides PLANE

layout(push_constant) uniform Push { uint N, per, S; } push;

layout(std430, binding = 0) writeonly buffer Parts { float parts[]; };
ACTIVATION(1, DY, dy);

void main() {
    uint id = invocation();
    if (id >= M * push.S) return;
    uint m = id % M, s = id / M, end = min((s + 1u) * push.per, push.N);
    chunk sum = chunk(0.0);
    for (uint n = s * push.per; n < end; n++) {
        uint at = plane_at(n, m, M, G, PLANE);
        for (uint r = 0u; r < PLANE; r += RUN) {
            for (uint i = 0u; i < RUN; i++) sum += FETCH(dy, at + r + i); // unrolled: what a loop carries goes through memory on CPU drivers
        }
    }
    parts[id] = total(sum);
}
