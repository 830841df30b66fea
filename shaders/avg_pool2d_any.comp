#version 450
#extension GL_GOOGLE_include_directive : require
// avg_pool2d on any shape: y[n,c,i,j] = the sum of x[n,c] in window (i,j) / R^2, padding counting as zeros
//
//   x  (N/GX, C, GX, H, W)   y  (N/GY, C, GY, HO, WO)
//
// One invocation makes one output.
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "pool_window.glsl"

layout(constant_id = 9) const uint GX = 1;
layout(constant_id = 10) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push; // N*C*HO*WO

ACTIVATION_FLOATS(0, X, x);
RESULT_FLOATS(1, Y, y);

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    Place p = place_of(id, C, GY, HO * WO);
    uint at = plane_at(p.n, p.c, C, GX, H * W);
    uvec2 rows = pixels(p.r / WO, H), columns = pixels(p.r % WO, W);
    float sum = 0.0;
    for (uint i = rows.x; i < rows.y; i++) {
        for (uint j = columns.x; j < columns.y; j++) sum += FETCH(x, at + i * W + j);
    }
    STORE(y, id, sum / float(R * R));
}
