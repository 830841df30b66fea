#version 450
#extension GL_GOOGLE_include_directive : require
// global_avg_pool: y[n,c] = mean over r of x[n,c,r]
//
//   x  (N/GX, C, GX, PLANE*CHUNK), planes being images   y  (N/GY, C, GY)
//
// One team averages one image's channel.
//
// kernel global_avg_pool
// kernel global_avg_pool_any: SCALAR
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 512;
layout(constant_id = 2) const uint PLANE = 4;
layout(constant_id = 3) const uint GX = 1;
layout(constant_id = 4) const uint GY = 1;
layout(constant_id = 5) const uint TEAM = 1;
#define SUMMED float
#include "team.glsl"

layout(push_constant) uniform Push { uint count; } push; // N*C

ACTIVATION(0, X, x);
RESULT_FLOATS(1, Y, y);

void main() {
    uint id = team();
    if (id >= push.count && TEAM == 1u) return;
    Place p = place_of(id, C, GY, 1u);
    uint at = plane_at(p.n, p.c, C, GX, PLANE);
    chunk sum = chunk(0.0);
    for (uint r = id < push.count ? lane() : PLANE; r < PLANE; r += TEAM) sum += FETCH(x, at + r);
    float all = team_sum(total(sum));
    if (id < push.count && lane() == 0u) STORE(y, id, all / float(PLANE * CHUNK));
}
