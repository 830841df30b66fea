#version 450
#extension GL_GOOGLE_include_directive : require
// max_pool2d_backward on any shape: dx = dy where x is the first largest of its 2 x 2 window in row order, else 0;
// an odd last row or column belongs to no window
//
//   dy  (N/GD, C, GD, H/2, W/2)   x, dx  (N/g, C, g, H, W), g being GX and GY
//
// One invocation makes one value of dx.
#include "dispatch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint GD = 1;
layout(constant_id = 5) const uint GX = 1;
layout(constant_id = 6) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push; // N*C*H*W

layout(std430, binding = 0) readonly  buffer DY { float dy[]; };
layout(std430, binding = 1) readonly  buffer X { float x[]; };
layout(std430, binding = 2) writeonly buffer DX { float dx[]; };

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    Place p = place_of(id, C, GY, H * W);
    uint i = p.r / W, j = p.r % W;
    if (i / 2u >= H / 2u || j / 2u >= W / 2u) {
        dx[id] = 0.0;
        return;
    }
    uint at = plane_at(p.n, p.c, C, GX, H * W) + i / 2u * 2u * W + j / 2u * 2u;
    float best = x[at];
    uint winner = 0u;
    for (uint k = 1u; k < 4u; k++) {
        float v = x[at + k / 2u * W + k % 2u];
        if (v > best) { best = v; winner = k; }
    }
    bool mine = winner == i % 2u * 2u + j % 2u;
    dx[id] = mine ? dy[plane_at(p.n, p.c, C, GD, (H / 2u) * (W / 2u)) + i / 2u * (W / 2u) + j / 2u] : 0.0;
}
