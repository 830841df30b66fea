#version 450
#extension GL_GOOGLE_include_directive : require
// max_pool2d_backward on any shape: dx = the sum of dy over the windows in which x is the first largest in row order
//
//   dy  (N/GD, C, GD, HO, WO)   x, dx  (N/g, C, g, H, W), g being GX and GY
//
// One invocation makes one value of dx.
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "pool_window.glsl"

layout(constant_id = 9) const uint GD = 1;
layout(constant_id = 10) const uint GX = 1;
layout(constant_id = 11) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push; // N*C*H*W

ACTIVATION_FLOATS(0, DY, dy);
ACTIVATION_FLOATS(1, X, x);
RESULT_FLOATS(2, DX, dx);

// winner is the place of the largest value of a window, in the plane of x that starts there.
uint winner(uint plane, uvec2 rows, uvec2 columns) {
    uint place = rows.x * W + columns.x;
    float best = FETCH(x, plane + place);
    for (uint i = rows.x; i < rows.y; i++) {
        for (uint j = columns.x; j < columns.y; j++) {
            float v = FETCH(x, plane + i * W + j);
            if (v > best) { best = v; place = i * W + j; }
        }
    }
    return place;
}

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    Place p = place_of(id, C, GY, H * W);
    uint from_x = plane_at(p.n, p.c, C, GX, H * W), from_d = plane_at(p.n, p.c, C, GD, HO * WO);
    uvec2 down = windows(p.r / W, HO), across = windows(p.r % W, WO);
    float sum = 0.0;
    for (uint i = down.x; i < down.y; i++) {
        for (uint j = across.x; j < across.y; j++) {
            if (winner(from_x, pixels(i, H), pixels(j, W)) == p.r) sum += FETCH(dy, from_d + i * WO + j);
        }
    }
    STORE(dx, id, sum);
}
