#version 450
#extension GL_GOOGLE_include_directive : require
// max_pool2d by windows of 3 x 3 at every second row and column: y[n,c,i,j] = the largest of x[n,c,2i-1..2i+1,2j-1..2j+1] in the image
//
//   x  (N/GX, C, GX, H, W)   float32, W a multiple of 8 (max_pool2d_any takes others)
//   y  (N/GY, C, GY, HO = (H+1)/2, W/2)
//
// One invocation makes four neighbouring outputs from two vec4 and the value before them of each of three rows. Where there is no row
// or no value before, the next one counts twice, which changes no maximum.
//
// kernel max_pool2d_overlapped
// kernel max_pool2d_overlapped_texel: TEXEL
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push; // N*C*HO*(W/8)

RESULTS(0, Y, y);
ACTIVATION(1, X, x);

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    Place p = place_of(id, C, GY, (H + 1u) / 2u * (W / 8u));
    uint i = p.r / (W / 8u), j = p.r % (W / 8u), row = W / 4u;
    uint middle = plane_at(p.n, p.c, C, GX, H * row) + 2u * i * row + 2u * j;
    uint top = i > 0u ? middle - row : middle, bottom = 2u * i + 1u < H ? middle + row : middle;
    vec4 a = max(max(FETCH(x, top), FETCH(x, middle)), FETCH(x, bottom));
    vec4 b = max(max(FETCH(x, top + 1u), FETCH(x, middle + 1u)), FETCH(x, bottom + 1u));
    float before = a.x;
    if (j > 0u) before = max(max(FETCH(x, top - 1u).w, FETCH(x, middle - 1u).w), FETCH(x, bottom - 1u).w);
    STORE(y, id, max(max(vec4(before, a.yw, b.y), vec4(a.xz, b.xz)), vec4(a.yw, b.yw)));
}
