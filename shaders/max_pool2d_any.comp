#version 450
#extension GL_GOOGLE_include_directive : require
// max_pool2d on any shape: y[n,c,i,j] = the largest of x[n,c,2i..2i+1,2j..2j+1]; an odd last row or column is left out
//
//   x  (N/GX, C, GX, H, W)   y  (N/GY, C, GY, H/2, W/2)
//
// One invocation makes one output.
#include "dispatch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push; // N*C*(H/2)*(W/2)

layout(std430, binding = 0) writeonly buffer Y { float y[]; };
layout(std430, binding = 1) readonly  buffer X { float x[]; };

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    const uint w = W / 2u;
    Place p = place_of(id, C, GY, H / 2u * w);
    uint at = plane_at(p.n, p.c, C, GX, H * W) + p.r / w * 2u * W + p.r % w * 2u;
    y[id] = max(max(x[at], x[at + 1u]), max(x[at + W], x[at + W + 1u]));
}
