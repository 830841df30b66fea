#version 450
#extension GL_GOOGLE_include_directive : require
// y = f(x), f being one of the functions of activation.glsl
//
//   x  (N/GX, C, GX, PLANE*CHUNK)   y  (N/GY, C, GY, PLANE*CHUNK)
//
// One invocation makes CHUNK values.
//
// ops: silu, relu6, gelu, hardswish, sigmoid
// kernel activation
// kernel activation_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "activation.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint GX = 1;
layout(constant_id = 4) const uint GY = 1;
layout(constant_id = 5) const uint FUNCTION = 1;

layout(push_constant) uniform Push { uint count; } push;

ACTIVATION(0, X, x);
RESULTS(1, Y, y);

void main() {
    uint i = invocation();
    if (i < push.count) STORE(y, i, activated(FUNCTION, FETCH(x, moved(i, C, GY, GX, PLANE))));
}
