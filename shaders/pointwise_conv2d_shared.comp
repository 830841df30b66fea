#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d in shared memory: y[n,m,r] = sum over k of A[m,k] * x[n,k,r]  (+ bias[m])
//
//   packed  (ceil(M/64), ceil(K/16)*16, 64)   A by pack_weights, rows and columns past its end zero
//   x       (N/GX, K, GX, PLANE*4)            float32, planes a multiple of 64 values
//   y       (N/GY, M, GY, PLANE*4)
//   bias    (M)                               with BIAS alone
//
// A workgroup makes 64 rows x 64 neighbouring pixels, of N*PLANE/16 such tiles; shared_tile.glsl says how.
//
// With MATRICES there is a product for each z, of the packed A number z and the z-th (N, K, PLANE*4) of x, into the z-th of y; GX and GY are 1.
//
// ops: pointwise_conv2d, pointwise_conv2d_backward_data, linear, linear_backward_data; with MATRICES conv2d, conv2d_backward_data (winograd.glsl)
// kernel pointwise_conv2d_shared
// kernel linear_shared: BIAS
// kernel winograd_product_shared: MATRICES
#include "dispatch.glsl"
#include "panels.glsl"
#include "shared_tile.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint PLANE = 256; // in vec4
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;

layout(std430, binding = 0) readonly  buffer A { vec4 packed[]; };
layout(std430, binding = 1) readonly  buffer X { vec4 x[]; };
layout(std430, binding = 2) writeonly buffer Y { vec4 y[]; };
#ifdef BIAS
layout(std430, binding = 3) readonly  buffer Bias { float bias[]; };
#endif
#include "result.glsl"

#define STORE(i) \
    if (m + i < M) { \
        y[to + i * GY * PLANE] = RESULT(c[2 * i], i, 0u); \
        y[to + i * GY * PLANE + 1u] = RESULT(c[2 * i + 1], i, 1u); \
    }

void main() {
    uint tile = gl_WorkGroupID.x, sliver = gl_WorkGroupID.y, me = gl_LocalInvocationID.x;
    uint n = tile / (PLANE / 16u), r = tile % (PLANE / 16u) * 16u;
    const uint slices = (K + SLICE - 1u) / SLICE;
    uint from = plane_at(n, 0u, K, GX, PLANE) + r, at = sliver * slices * SLICE * 16u;
#ifdef MATRICES
    at += gl_WorkGroupID.z * gl_NumWorkGroups.y * slices * SLICE * 16u;
    from += gl_WorkGroupID.z * gl_NumWorkGroups.x * 16u * K;
#endif

    for (int i = 0; i < 16; i++) c[i] = vec4(0.0);
    for (uint k = 0u; k < slices * SLICE; k += SLICE) {
        for (uint i = me; i < SLICE * 16u; i += 64u) {
            left[i] = packed[at + k * 16u + i];
            right[i] = x[from + min(k + i / 16u, K - 1u) * GX * PLANE + i % 16u]; // past the end against zeros
        }
        multiply();
    }

    uint m = sliver * 64u + tile_row() * 8u, to = plane_at(n, m, M, GY, PLANE) + r + tile_column() * 2u;
#ifdef MATRICES
    to += gl_WorkGroupID.z * gl_NumWorkGroups.x * 16u * M;
#endif
    STORE(0) STORE(1) STORE(2) STORE(3) STORE(4) STORE(5) STORE(6) STORE(7)
}
