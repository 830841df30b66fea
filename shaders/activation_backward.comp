#version 450
#extension GL_GOOGLE_include_directive : require
// dx = dy f'(v), f being one of the functions of activation.glsl, v its x, or sigmoid's y
//
//   dy, v, dx  (N/g, C, g, PLANE*CHUNK), g being GD, GV and GY
//
// One invocation makes CHUNK values.
//
// ops: silu_backward, relu6_backward, gelu_backward, hardswish_backward, sigmoid_backward
// kernel activation_backward
// kernel activation_backward_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "activation.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint GD = 1;
layout(constant_id = 4) const uint GV = 1;
layout(constant_id = 5) const uint GY = 1;
layout(constant_id = 6) const uint FUNCTION = 1;

layout(push_constant) uniform Push { uint count; } push;

ACTIVATION(0, DY, dy);
ACTIVATION(1, V, v);
RESULTS(2, DX, dx);

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    STORE(dx, i, FETCH(dy, moved(i, C, GY, GD, PLANE)) * slope(FUNCTION, FETCH(v, moved(i, C, GY, GV, PLANE))));
}
