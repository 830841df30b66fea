#version 450
#extension GL_GOOGLE_include_directive : require
// cast: y = x, from float32 to a type of 16 bits, or, with WIDEN, from that to float32
//
//   x  (N/GX, C, GX, PLANE*CHUNK)   y  (N/GY, C, GY, PLANE*CHUNK)
//
// One invocation makes CHUNK values.
//
// kernel cast_narrow_half: HALF
// kernel cast_narrow_any_half: HALF SCALAR
// kernel cast_widen_half: HALF WIDEN
// kernel cast_widen_any_half: HALF WIDEN SCALAR
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint GX = 1;
layout(constant_id = 4) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push;

#ifdef WIDEN
ACTIVATION(0, X, x);
layout(std430, binding = 1) writeonly buffer Y { chunk y[]; };
#else
FLOATS(0, X, x);
RESULTS(1, Y, y);
#endif

void main() {
    uint i = invocation();
    if (i >= push.count) return;
#ifdef WIDEN
    y[i] = FETCH(x, moved(i, C, GY, GX, PLANE));
#else
    STORE(y, i, READ(x, moved(i, C, GY, GX, PLANE)));
#endif
}
