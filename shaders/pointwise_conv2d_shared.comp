#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d in shared memory: y[n,m,r] = sum over k of A[m,k] * x[n,k,r]  (+ bias[m])
//
//   packed  (ceil(M/ROWS), ceil(K/8)*8, ROWS)   A by pack_weights, rows and columns past its end zero
//   x       (N/GX, K, GX, PLANE*4)              float32, planes a multiple of 64 values
//   y       (N/GY, M, GY, PLANE*4)
//   bias    (M)                                 with BIAS alone, as is what result.glsl says of an activation and, with TEXEL, of
//   skip    (N/GS, M, GS, PLANE*4)              which is added with ADD
//
// A workgroup makes ROWS rows x 64 neighbouring pixels, of N*PLANE/16 such tiles; shared_tile.glsl says how. Of a slice, 8 k, an invocation
// brings one or two vec4s of A and one of x: neighbours, from storage buffers, or with TEXEL from texel buffers.
//
// Where M and the pixels make too few tiles for a GPU, y are S parts, which sum_partials adds up: the s-th, which z numbers, is the sum over
// `run` slices from s*run on. Otherwise there is one part. With BIAS there always is.
//
// With MATRICES there is a product for each z, of the packed A number z and the z-th (N, K, PLANE*4) of x, into the z-th of y; GX and GY are 1.
//
// ops: pointwise_conv2d, pointwise_conv2d_backward_data, linear, linear_backward_data; with MATRICES conv2d, conv2d_backward_data (winograd.glsl)
// kernel pointwise_conv2d_shared: ROWS=64
// kernel pointwise_conv2d_shared_128x64: ROWS=128
// kernel pointwise_conv2d_shared_texel: ROWS=64 TEXEL
// kernel pointwise_conv2d_shared_128x64_texel: ROWS=128 TEXEL
// kernel linear_shared: ROWS=64 BIAS
// kernel linear_shared_128x64: ROWS=128 BIAS
// kernel linear_shared_texel: ROWS=64 TEXEL BIAS
// kernel linear_shared_128x64_texel: ROWS=128 TEXEL BIAS
// kernel winograd_product_shared: ROWS=64 MATRICES
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "shared_tile.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint PLANE = 256; // in vec4
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;

#ifndef BIAS
#ifndef MATRICES
#define SPLIT
layout(push_constant) uniform Push { uint run; } push;
#endif
#endif

#ifdef TEXEL
RESULTS(0, Y, y);
#ifdef BIAS
layout(std430, binding = 1) readonly  buffer Bias { float bias[]; };
#define SKIP 2
FLOATS(3, A, packed);
ACTIVATION(4, X, x);
#else
FLOATS(1, A, packed);
ACTIVATION(2, X, x);
#endif
#else
FLOATS(0, A, packed);
ACTIVATION(1, X, x);
RESULTS(2, Y, y);
#ifdef BIAS
layout(std430, binding = 3) readonly  buffer Bias { float bias[]; };
#endif
#endif
#include "result.glsl"

#define STORE_ROW(i) \
    if (m + ROW(i) < M) { \
        STORE(y, to + ROW(i) * GY * PLANE, RESULT(c[2 * (i)], ROW(i), COLUMN(0u) / 4u)); \
        STORE(y, to + ROW(i) * GY * PLANE + 8u, RESULT(c[2 * (i) + 1], ROW(i), COLUMN(1u) / 4u)); \
    }

const uint SLICES = (K + DEPTH - 1u) / DEPTH;
uint first; // of the part's slices
uint from_packed, from_x;
vec4 brought_left[HALVES], brought_right;

void fetch(uint slice) {
    uint k = (first + slice) * DEPTH;
    uint me = gl_LocalInvocationID.x;
    for (uint i = 0u; i < HALVES; i++) brought_left[i] = READ(packed, from_packed + k * QUADS + i * 128u + me);
    brought_right = FETCH(x, from_x + min(k + me / 16u, K - 1u) * GX * PLANE + me % 16u); // past the end against zeros
}

void put(uint side) {
    for (uint i = 0u; i < HALVES; i++) left[side * DEPTH * QUADS + i * 128u + gl_LocalInvocationID.x] = brought_left[i];
    right[side * DEPTH * 16u + gl_LocalInvocationID.x] = brought_right;
}

void main() {
    uint tile = gl_WorkGroupID.x, sliver = gl_WorkGroupID.y, m = sliver * ROWS;
    uint n = tile / (PLANE / 16u), r = tile % (PLANE / 16u) * 16u;
    from_x = plane_at(n, 0u, K, GX, PLANE) + r;
    from_packed = sliver * SLICES * DEPTH * QUADS;
#ifdef MATRICES
    from_packed += gl_WorkGroupID.z * gl_NumWorkGroups.y * SLICES * DEPTH * QUADS;
    from_x += gl_WorkGroupID.z * gl_NumWorkGroups.x * 16u * K;
#endif
#ifdef SPLIT
    first = gl_WorkGroupID.z * push.run;
    product(min(push.run, SLICES - first));
#else
    first = 0u;
    product(SLICES);
#endif
    uint to = plane_at(n, m, M, GY, PLANE) + r + COLUMN(0u) / 4u;
#ifndef BIAS
    to += gl_WorkGroupID.z * gl_NumWorkGroups.x * 16u * M; // of a part, or of a matrix
#endif
#ifdef SKIP
    SKIP_FROM(n, r)
#endif
    EACH_ROW(STORE_ROW)
}
