#version 450
#extension GL_GOOGLE_include_directive : require
// max_pool2d: y[n,c,i,j] = the largest of x[n,c,2i..2i+1,2j..2j+1]
//
//   x  (N/GX, C, GX, H, W)   float32, W a multiple of 8, H even (max_pool2d_any takes others)
//   y  (N/GY, C, GY, H/2, W/2)
//
// One invocation makes four neighbouring outputs from two vec4 of each of two rows.
//
// kernel max_pool2d
// kernel max_pool2d_texel: TEXEL
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push; // N*C*(H/2)*(W/8)

RESULTS(0, Y, y);
ACTIVATION(1, X, x);

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    Place p = place_of(id, C, GY, H / 2u * (W / 8u));
    uint i = p.r / (W / 8u), j = p.r % (W / 8u);
    uint at = plane_at(p.n, p.c, C, GX, H * W / 4u) + 2u * i * (W / 4u) + 2u * j;
    vec4 a = max(FETCH(x, at), FETCH(x, at + W / 4u)), b = max(FETCH(x, at + 1u), FETCH(x, at + 1u + W / 4u));
    STORE(y, id, max(vec4(a.xz, b.xz), vec4(a.yw, b.yw)));
}
