#version 450
#extension GL_GOOGLE_include_directive : require
// avg_pool2d: y[n,c,i,j] = the mean of x[n,c,2i..2i+1,2j..2j+1], or, OVERLAPPED, of x[n,c,2i-1..2i+1,2j-1..2j+1], zeros around x
//
//   x  (N/GX, C, GX, H, W)   float32, W a multiple of 8 (avg_pool2d_any takes others)
//   y  (N/GY, C, GY, HO, W/2), HO being H/2, or (H+1)/2
//
// One invocation makes four neighbouring outputs from two vec4, and the value before them, of each of two or three rows.
//
// kernel avg_pool2d
// kernel avg_pool2d_texel: TEXEL
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const bool OVERLAPPED = false;
layout(constant_id = 5) const uint GX = 1;
layout(constant_id = 6) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push; // N*C*HO*(W/8)

RESULTS(0, Y, y);
ACTIVATION(1, X, x);

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    const uint HO = (OVERLAPPED ? H + 1u : H) / 2u, row = W / 4u;
    Place p = place_of(id, C, GY, HO * (W / 8u));
    uint i = p.r / (W / 8u), j = p.r % (W / 8u);
    uint at = plane_at(p.n, p.c, C, GX, H * row) + 2u * i * row + 2u * j;
    vec4 a = FETCH(x, at), b = FETCH(x, at + 1u);
    if (2u * i + 1u < H) {
        a += FETCH(x, at + row);
        b += FETCH(x, at + row + 1u);
    }
    if (!OVERLAPPED) {
        STORE(y, id, 0.25 * (vec4(a.xz, b.xz) + vec4(a.yw, b.yw)));
        return;
    }
    float before = 0.0;
    if (j > 0u) before = FETCH(x, at - 1u).w + (2u * i + 1u < H ? FETCH(x, at + row - 1u).w : 0.0);
    if (i > 0u) {
        a += FETCH(x, at - row);
        b += FETCH(x, at - row + 1u);
        if (j > 0u) before += FETCH(x, at - row - 1u).w;
    }
    STORE(y, id, (vec4(before, a.yw, b.y) + vec4(a.xz, b.xz) + vec4(a.yw, b.yw)) / 9.0);
}
