#version 450
#extension GL_GOOGLE_include_directive : require
// avg_pool2d_backward on any shape: dx = the sum of dy over the windows that have the pixel / R^2
//
//   dy  (N/GD, C, GD, HO, WO)   dx  (N/GY, C, GY, H, W)
//
// One invocation makes one value of dx.
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "pool_window.glsl"

layout(constant_id = 9) const uint GD = 1;
layout(constant_id = 10) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push; // N*C*H*W

ACTIVATION_FLOATS(0, DY, dy);
RESULT_FLOATS(1, DX, dx);

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    Place p = place_of(id, C, GY, H * W);
    uint at = plane_at(p.n, p.c, C, GD, HO * WO);
    uvec2 down = windows(p.r / W, HO), across = windows(p.r % W, WO);
    float sum = 0.0;
    for (uint i = down.x; i < down.y; i++) {
        for (uint j = across.x; j < across.y; j++) sum += FETCH(dy, at + i * WO + j);
    }
    STORE(dx, id, sum / float(R * R));
}
