#version 450
#extension GL_GOOGLE_include_directive : require
// relu_backward: dx = dy where y > 0, else 0
//
//   dy, y, dx  (N/g, C, g, PLANE*CHUNK), g being GD, GV and GY
//
// One invocation makes CHUNK values.
//
// kernel relu_backward
// kernel relu_backward_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint GD = 1;
layout(constant_id = 4) const uint GV = 1;
layout(constant_id = 5) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push;

ACTIVATION(0, DY, dy);
ACTIVATION(1, V, y);
RESULTS(2, DX, dx);

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    chunk d = FETCH(dy, moved(i, C, GY, GD, PLANE)), v = FETCH(y, moved(i, C, GY, GV, PLANE));
#ifdef SCALAR
    STORE(dx, i, v > 0.0 ? d : 0.0);
#else
    STORE(dx, i, mix(vec4(0.0), d, greaterThan(v, vec4(0.0))));
#endif
}
