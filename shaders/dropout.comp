#version 450
#extension GL_GOOGLE_include_directive : require
// dropout: y = x * mask; applied to a gradient, its own backward
//
//   x, mask, y  (N/g, C, g, PLANE*CHUNK), g being GX, GM and GY
//
// One invocation makes CHUNK values.
//
// kernel dropout
// kernel dropout_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint GX = 1;
layout(constant_id = 4) const uint GM = 1;
layout(constant_id = 5) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push;

layout(std430, binding = 0) readonly  buffer X { chunk x[]; };
layout(std430, binding = 1) readonly  buffer Mask { chunk mask[]; };
layout(std430, binding = 2) writeonly buffer Y { chunk y[]; };

void main() {
    uint i = invocation();
    if (i < push.count) y[i] = x[moved(i, C, GY, GX, PLANE)] * mask[moved(i, C, GY, GM, PLANE)];
}
