#version 450
#extension GL_GOOGLE_include_directive : require
// silu_backward: dx = dy s (1 + x (1 - s)), where s = sigmoid(x) and 1 - s = sigmoid(-x)
//
//   dy, x, dx  (N/g, C, g, PLANE*LANES), g being GD, GX and GY
//
// One invocation makes LANES values.
//
// kernel silu_backward
// kernel silu_backward_any: SCALAR
#include "dispatch.glsl"
#include "lanes.glsl"
#include "panels.glsl"
#include "sigmoid.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint GD = 1;
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push;

layout(std430, binding = 0) readonly  buffer DY { lanes dy[]; };
layout(std430, binding = 1) readonly  buffer X { lanes x[]; };
layout(std430, binding = 2) writeonly buffer DX { lanes dx[]; };

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    lanes d = dy[moved(i, C, GY, GD, PLANE)], v = x[moved(i, C, GY, GX, PLANE)];
    dx[i] = d * sigmoid(v) * (1.0 + v * sigmoid(-v));
}
