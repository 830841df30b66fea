#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d_backward_weight by subgroups, first stage:
//   parts[s,m,k] = sum over the s-th piece of (n,r) of dy[n,m,r] * x[n,k,r]
//
//   dy     (N/GD, M, GD, PLANE*4)   float32, planes a multiple of 8 values
//   x      (N/GX, K, GX, PLANE*4)
//   parts  (S, M, K)                added up by sum_partials
//
// The pixels of all images are cut into S runs of `run` pairs of texels. A lane makes a tile of ROWS rows x 4 columns of
// one part, its neighbours the next columns of the same rows: so all need the same texels of dy, which they
// fetch together and hand round. For two texels of pixels a lane fetches eight of x and ROWS*2/SUBGROUP of dy for ROWS*32
// multiply-adds. Rows past M or K repeat the last one and are not stored.
//
// With MATRICES there is a product for each z, of the z-th (N, M, PLANE*4) of dy and the z-th (N, K, PLANE*4) of x; GD and GX are 1, and
// parts is (S, Z, M, K), of which those from number `from` on are made.
//
// ops: pointwise_conv2d_backward_weight, linear_backward_weight (images of one pixel); with MATRICES conv2d_backward_weight (winograd.glsl)
// kernel pointwise_conv2d_backward_weight_shuffle_32x4: ROWS=32
// kernel pointwise_conv2d_backward_weight_shuffle_64x4: ROWS=64
// kernel pointwise_conv2d_backward_weight_shuffle_16x4: ROWS=16
// kernel pointwise_conv2d_backward_weight_shuffle_8x4: ROWS=8
// kernel pointwise_conv2d_backward_weight_broadcast_32x4: ROWS=32 BROADCAST
// kernel pointwise_conv2d_backward_weight_broadcast_64x4: ROWS=64 BROADCAST
// kernel pointwise_conv2d_backward_weight_broadcast_16x4: ROWS=16 BROADCAST
// kernel pointwise_conv2d_backward_weight_broadcast_8x4: ROWS=8 BROADCAST
// kernel winograd_weight_product_shuffle_32x4: ROWS=32 MATRICES
// kernel winograd_weight_product_shuffle_16x4: ROWS=16 MATRICES
// kernel winograd_weight_product_broadcast_32x4: ROWS=32 BROADCAST MATRICES
// kernel winograd_weight_product_broadcast_16x4: ROWS=16 BROADCAST MATRICES
#define HELD (2 * ROWS)
#define TEXEL
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "subgroup.glsl"
#include "unroll.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint PLANE = 256; // in texels
layout(constant_id = 4) const uint GD = 1;
layout(constant_id = 5) const uint GX = 1;

#ifdef MATRICES
layout(push_constant) uniform Push { uint pairs, run, from; } push;
#else
layout(push_constant) uniform Push { uint pairs, run, S; } push; // pairs = N*PLANE/2
#endif

layout(std430, binding = 0) writeonly buffer Parts { float parts[]; };
ACTIVATION(1, DY, dy);
ACTIVATION(2, X, x);

vec4 c[ROWS]; // the four columns of each row

// Texels number 2i and 2i+1 of what is held are the two of row i.
#define ROW(i) { \
    vec4 d0 = TAKE(2 * (i)), d1 = TAKE(2 * (i) + 1); \
    c[i] += vec4(dot(d0, p0), dot(d0, p1), dot(d0, p2), dot(d0, p3)); \
    c[i] += vec4(dot(d1, q0), dot(d1, q1), dot(d1, q2), dot(d1, q3)); }
#define STORE_ROW(i) \
    if (M % ROWS == 0u || m + i < M) { \
        uint to = (s * M + m + i) * K + k; \
        if (k < K) parts[to] = c[i].x; \
        if (k + 1u < K) parts[to + 1u] = c[i].y; \
        if (k + 2u < K) parts[to + 2u] = c[i].z; \
        if (k + 3u < K) parts[to + 3u] = c[i].w; \
    }

void main() {
    const uint tiles_k = (K + 4u * SUBGROUP - 1u) / (4u * SUBGROUP), tiles_m = (M + ROWS - 1u) / ROWS;
    uint id = gl_WorkGroupID.x, lane = gl_SubgroupInvocationID;
    uint k = (id % tiles_k * SUBGROUP + lane) * 4u, m = id / tiles_k % tiles_m * ROWS, s = id / (tiles_k * tiles_m);

    uint row_d[HELD / 4], row_x[4];
    for (uint i = 0u; i < EACH; i++) {
        uint e = i * SUBGROUP + lane;
        row_d[i] = min(m + e / 2u, M - 1u) * GD * PLANE + e % 2u;
    }
    for (uint i = 0u; i < 4u; i++) row_x[i] = min(k + i, K - 1u) * GX * PLANE;
    for (int i = 0; i < min(ROWS, 16); i++) for (int j = 0; j < ROWS; j += 16) c[i + j] = vec4(0.0); // short enough to be unrolled

    uint end = min((s + 1u) * push.run, push.pairs);
    for (uint q = s * push.run; q < end; q++) {
        uint n = q / (PLANE / 2u), r = q % (PLANE / 2u) * 2u;
        uint from_d = plane_at(n, 0u, M, GD, PLANE) + r, from_x = plane_at(n, 0u, K, GX, PLANE) + r;
#ifdef MATRICES
        from_d += gl_WorkGroupID.z * push.pairs * 2u * M;
        from_x += gl_WorkGroupID.z * push.pairs * 2u * K;
#endif
        for (uint i = 0u; i < EACH; i++) held[i] = FETCH(dy, from_d + row_d[i]);
        vec4 p0 = FETCH(x, from_x + row_x[0]), q0 = FETCH(x, from_x + row_x[0] + 1u);
        vec4 p1 = FETCH(x, from_x + row_x[1]), q1 = FETCH(x, from_x + row_x[1] + 1u);
        vec4 p2 = FETCH(x, from_x + row_x[2]), q2 = FETCH(x, from_x + row_x[2] + 1u);
        vec4 p3 = FETCH(x, from_x + row_x[3]), q3 = FETCH(x, from_x + row_x[3] + 1u);
#if ROWS == 8
        EACH_OF_8(ROW, 0)
#else
        EACH_OF_16(ROW, 0)
#endif
#if ROWS > 16
        EACH_OF_16(ROW, 16)
#endif
#if ROWS > 32
        EACH_OF_16(ROW, 32) EACH_OF_16(ROW, 48)
#endif
    }

#ifdef MATRICES
    s = (push.from + s) * gl_NumWorkGroups.z + gl_WorkGroupID.z;
#endif
#if ROWS == 8
    EACH_OF_8(STORE_ROW, 0)
#else
    EACH_OF_16(STORE_ROW, 0)
#endif
#if ROWS > 16
    EACH_OF_16(STORE_ROW, 16)
#endif
#if ROWS > 32
    EACH_OF_16(STORE_ROW, 32) EACH_OF_16(STORE_ROW, 48)
#endif
}
