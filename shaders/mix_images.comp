#version 450
#extension GL_GOOGLE_include_directive : require
// mix_images: y[n,c,i,j] = x[p,c,i,j] inside the rectangle of n, else share x[n,c,i,j] + (1 - share) x[p,c,i,j], p being n's partner
//
//   x  (N/GX, C, GX, H, W)   y  (N/GY, C, GY, H, W)
//   mixes  (N, 6): partner, top, left, height and width of the rectangle, the share as a float's bits
//
// One invocation makes one value.
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 3;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push;

ACTIVATION_FLOATS(0, X, x);
layout(std430, binding = 1) readonly  buffer Mixes { uint mixes[]; };
RESULT_FLOATS(2, Y, y);

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    Place p = place_of(i, C, GY, H * W);
    uint at = 6u * p.n, row = p.r / W - mixes[at + 1u], column = p.r % W - mixes[at + 2u]; // which wrap outside to large numbers
    float other = FETCH(x, plane_at(mixes[at], p.c, C, GX, H * W) + p.r);
    if (row < mixes[at + 3u] && column < mixes[at + 4u]) {
        STORE(y, i, other);
        return;
    }
    float share = uintBitsToFloat(mixes[at + 5u]);
    STORE(y, i, share * FETCH(x, plane_at(p.n, p.c, C, GX, H * W) + p.r) + (1.0 - share) * other);
}
