#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d by subgroups: y[n,m,r] = sum over k of A[m,k] * x[n,k,r]  (+ bias[m])
//
//   packed  (ceil(M/ROWS), ceil(K/DEPTH)*DEPTH, ROWS)   A by pack_weights, rows and columns past its end zero
//   x       (N/GX, K, GX, PLANE*4)              float32, planes a multiple of 4*TEXELS values
//   y       (N/GY, M, GY, PLANE*4)
//   bias    (M)                                 with BIAS alone, as is what result.glsl says of an activation and of
//   skip    (N/GS, M, GS, PLANE*4)              which is added with ADD
//
// Each lane makes a tile of ROWS rows x 4*TEXELS neighbouring pixels, all of the same rows, so that every lane needs the
// same values of A: for DEPTH k at a time the lanes fetch them together, a texel of four rows each, and hand them
// round. For each k a lane so fetches TEXELS texels of x and ROWS/4/SUBGROUP of A for ROWS*4*TEXELS multiply-adds. Both are
// texel buffers, since CPU drivers gather a texel for every lane at once where they load from a storage buffer lane by
// lane.
//
// With MATRICES there is a product for each z, of the packed A number z and the z-th (N, K, PLANE*4) of x, into the z-th of y; GX and GY are 1.
//
// ops: pointwise_conv2d, pointwise_conv2d_backward_data, linear, linear_backward_data; with MATRICES conv2d, conv2d_backward_data (winograd.glsl)
// kernel pointwise_conv2d_shuffle_16x8: ROWS=16 DEPTH=8 TEXELS=2
// kernel pointwise_conv2d_shuffle_32x4: ROWS=32 DEPTH=8 TEXELS=1
// kernel pointwise_conv2d_shuffle_64x4: ROWS=64 DEPTH=4 TEXELS=1
// kernel pointwise_conv2d_shuffle_16x4: ROWS=16 DEPTH=4 TEXELS=1
// kernel pointwise_conv2d_broadcast_16x8: ROWS=16 DEPTH=8 TEXELS=2 BROADCAST
// kernel pointwise_conv2d_broadcast_32x4: ROWS=32 DEPTH=8 TEXELS=1 BROADCAST
// kernel pointwise_conv2d_broadcast_64x4: ROWS=64 DEPTH=4 TEXELS=1 BROADCAST
// kernel pointwise_conv2d_broadcast_16x4: ROWS=16 DEPTH=4 TEXELS=1 BROADCAST
// kernel linear_shuffle_16x8: ROWS=16 DEPTH=8 TEXELS=2 BIAS
// kernel linear_shuffle_32x4: ROWS=32 DEPTH=8 TEXELS=1 BIAS
// kernel linear_shuffle_64x4: ROWS=64 DEPTH=4 TEXELS=1 BIAS
// kernel linear_shuffle_16x4: ROWS=16 DEPTH=4 TEXELS=1 BIAS
// kernel linear_broadcast_16x8: ROWS=16 DEPTH=8 TEXELS=2 BIAS BROADCAST
// kernel linear_broadcast_32x4: ROWS=32 DEPTH=8 TEXELS=1 BIAS BROADCAST
// kernel linear_broadcast_64x4: ROWS=64 DEPTH=4 TEXELS=1 BIAS BROADCAST
// kernel linear_broadcast_16x4: ROWS=16 DEPTH=4 TEXELS=1 BIAS BROADCAST
// kernel winograd_product_shuffle_16x8: ROWS=16 DEPTH=8 TEXELS=2 MATRICES
// kernel winograd_product_shuffle_32x4: ROWS=32 DEPTH=8 TEXELS=1 MATRICES
// kernel winograd_product_broadcast_16x8: ROWS=16 DEPTH=8 TEXELS=2 BROADCAST MATRICES
// kernel winograd_product_broadcast_32x4: ROWS=32 DEPTH=8 TEXELS=1 BROADCAST MATRICES
#define HELD (DEPTH * ROWS / 4)
#define TEXEL
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "subgroup.glsl"
#include "unroll.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint PLANE = 256; // in texels
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;

layout(push_constant) uniform Push { uint tiles; } push; // N*PLANE/TEXELS

RESULTS(0, Y, y);
#ifdef BIAS
layout(std430, binding = 1) readonly  buffer Bias { float bias[]; };
#define SKIP 2
layout(binding = 3) uniform samplerBuffer packed;
ACTIVATION(4, X, x);
#else
layout(binding = 1) uniform samplerBuffer packed;
ACTIVATION(2, X, x);
#endif

vec4 c[ROWS * TEXELS];  // c[TEXELS*i + j]: texel j of row i
vec4 b[DEPTH * TEXELS]; // b[TEXELS*k + j]: texel j of the pixels for that k

// QUAD multiplies four rows, which are texel q of A for each k, by the pixels: their sums stay in registers for all k.
#if TEXELS == 1
#define FETCH_ROW(k) b[k] = FETCH(x, from + row(k));
#define TERM(k, q) { \
    vec4 w = TAKE(k * (ROWS / 4) + q); \
    c[4 * (q)] += w.x * b[k]; c[4 * (q) + 1] += w.y * b[k]; c[4 * (q) + 2] += w.z * b[k]; c[4 * (q) + 3] += w.w * b[k]; }
#define STORE_ROW(i) if (M % ROWS == 0u || m + (i) < M) STORE(y, to + (i) * GY * PLANE, RESULT(c[i], i, 0u));
#else
#define FETCH_ROW(k) b[2 * k] = FETCH(x, from + row(k)); b[2 * k + 1] = FETCH(x, from + row(k) + 1);
#define TERM(k, q) { \
    vec4 w = TAKE(k * (ROWS / 4) + q); \
    c[8 * (q)] += w.x * b[2 * k];     c[8 * (q) + 1] += w.x * b[2 * k + 1]; \
    c[8 * (q) + 2] += w.y * b[2 * k]; c[8 * (q) + 3] += w.y * b[2 * k + 1]; \
    c[8 * (q) + 4] += w.z * b[2 * k]; c[8 * (q) + 5] += w.z * b[2 * k + 1]; \
    c[8 * (q) + 6] += w.w * b[2 * k]; c[8 * (q) + 7] += w.w * b[2 * k + 1]; }
#define STORE_ROW(i) \
    if (M % ROWS == 0u || m + (i) < M) { \
        STORE(y, to + (i) * GY * PLANE, RESULT(c[2 * (i)], i, 0u)); \
        STORE(y, to + (i) * GY * PLANE + 1u, RESULT(c[2 * (i) + 1], i, 1u)); \
    }
#endif
#include "result.glsl"

#if DEPTH == 4
#define EACH_K(f) f(0) f(1) f(2) f(3)
#define QUAD(q) TERM(0, q) TERM(1, q) TERM(2, q) TERM(3, q)
#else
#define EACH_K(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7)
#define QUAD(q) TERM(0, q) TERM(1, q) TERM(2, q) TERM(3, q) TERM(4, q) TERM(5, q) TERM(6, q) TERM(7, q)
#endif

uint first; // of the DEPTH k at work

// row is how far the row of x for that k is from the first; past the end the last one is read, against zeros of A.
int row(uint k) { return int((K % DEPTH == 0u ? first + k : min(first + k, K - 1u)) * (GX * PLANE)); }

void main() {
    uint tile = tile_across(), sliver = gl_WorkGroupID.x;
    bool inside = tile < push.tiles;
    if (!inside) tile = push.tiles - 1u; // every lane has to stay, for its part of A
    uint n = tile / (PLANE / TEXELS), r = tile % (PLANE / TEXELS) * TEXELS;
    int from = int(plane_at(n, 0u, K, GX, PLANE) + r);
    int at = int(sliver * ((K + DEPTH - 1) / DEPTH) * HELD + gl_SubgroupInvocationID);

#ifdef MATRICES
    at += int(gl_WorkGroupID.z * gl_NumWorkGroups.x * ((K + DEPTH - 1) / DEPTH) * HELD);
    from += int(gl_WorkGroupID.z * push.tiles * TEXELS * K);
#endif

    for (int i = 0; i < 16; i++) for (int j = 0; j < ROWS * TEXELS; j += 16) c[i + j] = vec4(0.0); // short enough to be unrolled
    for (first = 0u; first < K; first += DEPTH) {
        for (uint i = 0u; i < EACH; i++) held[i] = texelFetch(packed, at + int(i * SUBGROUP));
        EACH_K(FETCH_ROW)
        EACH_OF_4(QUAD, 0)
#if ROWS > 16
        EACH_OF_4(QUAD, 4)
#endif
#if ROWS > 32
        EACH_OF_4(QUAD, 8) EACH_OF_4(QUAD, 12)
#endif
        at += HELD;
    }

    if (!inside) return;
    uint m = sliver * ROWS, to = plane_at(n, m, M, GY, PLANE) + r;
    SKIP_FROM(n, r)
#ifdef MATRICES
    to += gl_WorkGroupID.z * push.tiles * TEXELS * M;
#endif
    EACH_OF_16(STORE_ROW, 0)
#if ROWS > 16
    EACH_OF_16(STORE_ROW, 16)
#endif
#if ROWS > 32
    EACH_OF_16(STORE_ROW, 32) EACH_OF_16(STORE_ROW, 48)
#endif
}
