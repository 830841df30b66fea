#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d_backward_bias, first stage: parts[s,m] = sum over the s-th piece of n, and r, of dy[n,m,r]
//
//   dy  (N/G, M, G, PLANE*CHUNK)   parts  (S, M), added up by sum_partials
//
// Piece s holds the planes n = s*per .. min(N, (s+1)*per)-1. One team sums one channel of one piece (see plane_walk.glsl).
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
layout(constant_id = 4) const uint RUN = 4;
layout(constant_id = 5) const uint TEAM = 1;
layout(constant_id = 6) const uint ACROSS = 1;
#define SUMMED float
#include "plane_walk.glsl"

layout(push_constant) uniform Push { uint N, per, S; } push;

layout(std430, binding = 0) writeonly buffer Parts { float parts[]; };
ACTIVATION(1, DY, dy);

void main() {
    uint id = team();
    if (id >= M * push.S) return;
    uint m = id % M, s = id / M, end = min((s + 1u) * push.per, push.N);
    chunk sum = chunk(0.0);
    EACH_PLANE(n, s * push.per, end) {
        uint at = plane_at(n, m, M, G, PLANE);
        EACH_RUN(r) {
            EACH_STEP(i) sum += FETCH(dy, at + r + i);
        }
    }
    float all = team_sum(total(sum));
    if (lane() == 0u) parts[id] = all;
}
