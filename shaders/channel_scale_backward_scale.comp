#version 450
#extension GL_GOOGLE_include_directive : require
// channel_scale_backward_scale: ds[n,c] = sum over r of dy[n,c,r] * x[n,c,r], in the order of r
//
//   dy, x  (N/g, C, g, PLANE*CHUNK), g being GD and GX, planes being images   ds  (N/GY, C, GY)
//
// One team sums one image's channel.
//
// kernel channel_scale_backward_scale
// kernel channel_scale_backward_scale_any: SCALAR
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint GD = 1;
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;
layout(constant_id = 6) const uint TEAM = 1;
#define SUMMED float
#include "team.glsl"

layout(push_constant) uniform Push { uint count; } push; // N*C

ACTIVATION(0, DY, dy);
ACTIVATION(1, X, x);
RESULT_FLOATS(2, DS, ds);

void main() {
    uint id = team();
    if (id >= push.count && TEAM == 1u) return;
    Place p = place_of(id, C, GY, 1u);
    uint from_d = plane_at(p.n, p.c, C, GD, PLANE), from_x = plane_at(p.n, p.c, C, GX, PLANE);
    chunk sum = chunk(0.0);
    for (uint r = id < push.count ? lane() : PLANE; r < PLANE; r += TEAM) sum += FETCH(dy, from_d + r) * FETCH(x, from_x + r);
    float all = team_sum(total(sum));
    if (id < push.count && lane() == 0u) STORE(ds, id, all);
}
