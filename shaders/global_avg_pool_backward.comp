#version 450
#extension GL_GOOGLE_include_directive : require
// global_avg_pool_backward: dx[n,c,r] = dy[n,c] / (H*W)
//
//   dy  (N/GD, C, GD)   dx  (N/GY, C, GY, PLANE*CHUNK), planes being images
//
// One invocation makes CHUNK values.
//
// kernel global_avg_pool_backward
// kernel global_avg_pool_backward_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 512;
layout(constant_id = 2) const uint PLANE = 4;
layout(constant_id = 3) const uint GD = 1;
layout(constant_id = 4) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push; // N*C*PLANE

ACTIVATION_FLOATS(0, DY, dy);
RESULTS(1, DX, dx);

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    Place p = place_of(i, C, GY, PLANE);
    STORE(dx, i, chunk(FETCH(dy, plane_at(p.n, p.c, C, GD, 1u)) / float(PLANE * CHUNK)));
}
