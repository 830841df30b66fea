#version 450
#extension GL_GOOGLE_include_directive : require
// channel_scale: y[n,c,r] = x[n,c,r] * s[n,c]; applied to a gradient, its own backward by x. dropout2d is that by a MASK, which is float32
// whatever activations are.
//
//   x  (N/GX, C, GX, PLANE*CHUNK)   s  (N/GS, C, GS)   y  (N/GY, C, GY, PLANE*CHUNK), planes being images
//
// One invocation makes CHUNK values.
//
// ops: channel_scale, dropout2d
// kernel channel_scale
// kernel channel_scale_any: SCALAR
// kernel dropout2d_half: MASK HALF
// kernel dropout2d_any_half: MASK SCALAR HALF
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint GX = 1;
layout(constant_id = 4) const uint GY = 1;
layout(constant_id = 5) const uint GS = 1;

layout(push_constant) uniform Push { uint count; } push;

ACTIVATION(0, X, x);
#ifdef MASK
layout(std430, binding = 1) readonly buffer S { float s[]; };
#define SCALE(i) s[i]
#else
ACTIVATION_FLOATS(1, S, s);
#define SCALE(i) FETCH(s, i)
#endif
RESULTS(2, Y, y);

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    Place p = place_of(i, C, GY, PLANE);
    STORE(y, i, FETCH(x, moved(i, C, GY, GX, PLANE)) * SCALE(plane_at(p.n, p.c, C, GS, 1u)));
}
