#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d over texel buffers: y[n,m,r] = sum over k of A[m,k] * x[n,k,r]  (+ bias[m])
//
//   packed  (ceil(M/16), K, 16)      A by pack_weights: a weight, or its transpose for the gradient by the input
//   x       (N/GX, K, GX, PLANE*4)   float32, planes a multiple of 8 values
//   y       (N/GY, M, GY, PLANE*4)
//   bias    (M)                      with BIAS alone, as is what result.glsl says of an activation and of
//   skip    (N/GS, M, GS, PLANE*4)   which is added with ADD
//
// The same product as pointwise_conv2d, in tiles of 16 rows x 8 pixels, with both operands fetched as texels
// (rgba32f): CPU drivers gather a texel for every lane at once where they load from a storage buffer
// lane by lane, and many GPUs have a cache of their own for texels. For each k one invocation fetches four texels of A
// and two of x for 128 multiply-adds. K is unrolled by 4, because what a loop carries round goes through memory on
// CPU drivers.
//
// ops: pointwise_conv2d, pointwise_conv2d_backward_data, linear, linear_backward_data
// kernel pointwise_conv2d_texel
// kernel linear_texel: BIAS
#define TEXEL
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint PLANE = 256; // in texels
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;

layout(push_constant) uniform Push { uint tiles; } push; // N*PLANE/2: tiles of 8 pixels

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

vec4 c[32]; // c[2i] and c[2i+1]: the eight pixels of row i

void rows(int i, vec4 a, vec4 b0, vec4 b1) {
    c[i] += a.x * b0;     c[i + 1] += a.x * b1;
    c[i + 2] += a.y * b0; c[i + 3] += a.y * b1;
    c[i + 4] += a.z * b0; c[i + 5] += a.z * b1;
    c[i + 6] += a.w * b0; c[i + 7] += a.w * b1;
}

void product(int at, int from) {
    vec4 b0 = FETCH(x, from), b1 = FETCH(x, from + 1);
    rows(0, texelFetch(packed, at), b0, b1);
    rows(8, texelFetch(packed, at + 1), b0, b1);
    rows(16, texelFetch(packed, at + 2), b0, b1);
    rows(24, texelFetch(packed, at + 3), b0, b1);
}

#include "result.glsl"

// Every index of c is a constant: an array indexed by a variable cannot live in registers.
#define STORE_ROW(i) \
    if (m + i < M) { \
        STORE(y, to + i * GY * PLANE, RESULT(c[2 * i], i, 0u)); \
        STORE(y, to + i * GY * PLANE + 1u, RESULT(c[2 * i + 1], i, 1u)); \
    }

void main() {
    uint tile = tile_across(), sliver = gl_WorkGroupID.x;
    if (tile >= push.tiles) return;
    uint n = tile / (PLANE / 2u), r = tile % (PLANE / 2u) * 2u;
    int from = int(plane_at(n, 0u, K, GX, PLANE) + r), at = int(sliver * K * 4u);
    const int step_x = int(GX * PLANE);

    for (int i = 0; i < 32; i++) c[i] = vec4(0.0);
    for (uint k = 0u; k < K / 4u; k++) {
        product(at, from);
        product(at + 4, from + step_x);
        product(at + 8, from + 2 * step_x);
        product(at + 12, from + 3 * step_x);
        at += 16;
        from += 4 * step_x;
    }
    for (uint k = 0u; k < K % 4u; k++) {
        product(at, from);
        at += 4;
        from += step_x;
    }

    uint to = plane_at(n, sliver * 16u, M, GY, PLANE) + r, m = sliver * 16u;
    SKIP_FROM(n, r)
    STORE_ROW(0) STORE_ROW(1) STORE_ROW(2) STORE_ROW(3) STORE_ROW(4) STORE_ROW(5) STORE_ROW(6) STORE_ROW(7)
    STORE_ROW(8) STORE_ROW(9) STORE_ROW(10) STORE_ROW(11) STORE_ROW(12) STORE_ROW(13) STORE_ROW(14) STORE_ROW(15)
}
