#version 450
#extension GL_GOOGLE_include_directive : require
// linear_backward_bias: db[m] = sum over n of dy[n,m], in the order of n
//
//   dy  (N/G, M, G)   db  (M)
//
// One team sums one output's column.
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint M = 100;
layout(constant_id = 2) const uint G = 1;
layout(constant_id = 3) const uint TEAM = 1;
#define SUMMED float
#include "team.glsl"

layout(push_constant) uniform Push { uint N; } push;

ACTIVATION_FLOATS(0, DY, dy);
layout(std430, binding = 1) writeonly buffer DB { float db[]; };

void main() {
    uint m = team();
    float sum = 0.0;
    for (uint n = m < M ? lane() : push.N; n < push.N; n += TEAM) sum += FETCH(dy, plane_at(n, m, M, G, 1u));
    sum = team_sum(sum);
    if (m < M && lane() == 0u) db[m] = sum;
}
