#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d_backward_weight over texel buffers, first stage:
//   parts[s,m,k] = sum over the s-th piece of (n,r) of dy[n,m,r] * x[n,k,r]
//
//   dy     (N/GD, M, GD, PLANE*4)   float32, planes a multiple of 4 values (..._any takes others)
//   x      (N/GX, K, GX, PLANE*4)
//   parts  (S, M, K)                added up by sum_partials
//
// The pixels of all images, N*PLANE vec4s, are cut into S runs of `run`. One invocation makes a 16 x 8 tile
// of one part: 24 texels for 512 multiply-adds; why texels, pointwise_conv2d_texel.glsl says. Rows past M or K repeat the last one and are
// not stored.
//
// ops: pointwise_conv2d_backward_weight, linear_backward_weight (images of one pixel)
#define TEXEL
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint PLANE = 256; // in vec4
layout(constant_id = 4) const uint GD = 1;
layout(constant_id = 5) const uint GX = 1;

layout(push_constant) uniform Push { uint pixels, run, S; } push; // pixels = N*PLANE, in vec4

layout(std430, binding = 0) writeonly buffer Parts { float parts[]; };
ACTIVATION(1, DY, dy);
ACTIVATION(2, X, x);

#include "store_columns.glsl"

#define TILE(i) \
    { vec4 d = FETCH(dy, from_d + row_d[i]); \
      lo[i] += vec4(dot(d, b0), dot(d, b1), dot(d, b2), dot(d, b3)); \
      hi[i] += vec4(dot(d, b4), dot(d, b5), dot(d, b6), dot(d, b7)); }

// Every index is a constant: arrays indexed by a variable cannot live in registers.
#define STORE_ROW(i) \
    if (m + i < M) { \
        store(at + i * K, k, lo[i]); \
        store(at + i * K + 4u, k + 4u, hi[i]); \
    }

void main() {
    uint id = invocation();
    const uint tiles_k = (K + 7u) / 8u, tiles_m = (M + 15u) / 16u;
    if (id >= tiles_k * tiles_m * push.S) return;
    uint k = id % tiles_k * 8u, m = id / tiles_k % tiles_m * 16u, s = id / (tiles_k * tiles_m);

    uint row_d[16], row_x[8];
    for (uint i = 0u; i < 16u; i++) row_d[i] = min(m + i, M - 1u) * GD * PLANE;
    for (uint i = 0u; i < 8u; i++) row_x[i] = min(k + i, K - 1u) * GX * PLANE;
    vec4 lo[16], hi[16]; // lo[i] holds columns 0..3 of row i of the tile, hi[i] columns 4..7
    for (int i = 0; i < 16; i++) { lo[i] = vec4(0.0); hi[i] = vec4(0.0); }

    uint end = min((s + 1u) * push.run, push.pixels);
    for (uint q = s * push.run; q < end; q++) {
        uint n = q / PLANE, r = q % PLANE;
        uint from_d = plane_at(n, 0u, M, GD, PLANE) + r, from_x = plane_at(n, 0u, K, GX, PLANE) + r;
        vec4 b0 = FETCH(x, from_x + row_x[0]), b1 = FETCH(x, from_x + row_x[1]), b2 = FETCH(x, from_x + row_x[2]), b3 = FETCH(x, from_x + row_x[3]);
        vec4 b4 = FETCH(x, from_x + row_x[4]), b5 = FETCH(x, from_x + row_x[5]), b6 = FETCH(x, from_x + row_x[6]), b7 = FETCH(x, from_x + row_x[7]);
        TILE(0) TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6) TILE(7)
        TILE(8) TILE(9) TILE(10) TILE(11) TILE(12) TILE(13) TILE(14) TILE(15)
    }

    uint at = (s * M + m) * K + k;
    STORE_ROW(0) STORE_ROW(1) STORE_ROW(2) STORE_ROW(3) STORE_ROW(4) STORE_ROW(5) STORE_ROW(6) STORE_ROW(7)
    STORE_ROW(8) STORE_ROW(9) STORE_ROW(10) STORE_ROW(11) STORE_ROW(12) STORE_ROW(13) STORE_ROW(14) STORE_ROW(15)
}
