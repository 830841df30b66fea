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
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint GX = 1;
layout(constant_id = 4) const uint GM = 1;
layout(constant_id = 5) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push;

ACTIVATION(0, X, x);
ACTIVATION(1, Mask, mask);
RESULTS(2, Y, y);

void main() {
    uint i = invocation();
    if (i < push.count) STORE(y, i, FETCH(x, moved(i, C, GY, GX, PLANE)) * FETCH(mask, moved(i, C, GY, GM, PLANE)));
}
