#version 450
#extension GL_GOOGLE_include_directive : require
// flatten on any shape: y[n,c*PLANE+r] = x[n,c,r], or, REVERSED, flatten_backward: x[n,c,r] = y[n,c*PLANE+r]
//
//   x  (N/GX, C, GX, PLANE), planes being images   y  (N/GY, C*PLANE, GY)
//
// One invocation moves one value.
//
// ops: flatten, flatten_backward (with REVERSED)
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 64;
layout(constant_id = 3) const uint GX = 1;
layout(constant_id = 4) const uint GY = 1;
layout(constant_id = 5) const bool REVERSED = false;

layout(push_constant) uniform Push { uint count; } push; // N*C*PLANE

ACTIVATION_FLOATS(0, From, from);
RESULT_FLOATS(1, To, to);

void main() {
    uint x = invocation();
    if (x >= push.count) return;
    Place p = place_of(x, C, GX, PLANE);
    uint y = plane_at(p.n, p.c * PLANE + p.r, C * PLANE, GY, 1u);
    if (REVERSED) {
        STORE(to, x, FETCH(from, y));
    } else {
        STORE(to, y, FETCH(from, x));
    }
}
