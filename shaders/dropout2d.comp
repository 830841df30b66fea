#version 450
#extension GL_GOOGLE_include_directive : require
// dropout2d: y[n,c,r] = x[n,c,r] * mask[n,c]; applied to a gradient, its own backward
//
//   x  (N/GX, C, GX, PLANE*LANES)   mask  (N, C)   y  (N/GY, C, GY, PLANE*LANES), planes being images
//
// One invocation makes LANES values.
//
// kernel dropout2d
// kernel dropout2d_any: SCALAR
#include "dispatch.glsl"
#include "lanes.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint GX = 1;
layout(constant_id = 4) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push;

layout(std430, binding = 0) readonly  buffer X { lanes x[]; };
layout(std430, binding = 1) readonly  buffer Mask { float mask[]; };
layout(std430, binding = 2) writeonly buffer Y { lanes y[]; };

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    Place p = place_of(i, C, GY, PLANE);
    y[i] = x[moved(i, C, GY, GX, PLANE)] * mask[p.n * C + p.c];
}
