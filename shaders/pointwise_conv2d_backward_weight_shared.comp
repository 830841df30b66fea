#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d_backward_weight in shared memory, first stage:
//   parts[s,m,k] = sum over the s-th piece of (n,r) of dy[n,m,r] * x[n,k,r]
//
//   dy     (N/GD, M, GD, PLANE*4)   float32, planes a multiple of 16 values
//   x      (N/GX, K, GX, PLANE*4)
//   parts  (S, M, K)                added up by sum_partials
//
// The pixels of all images are cut into S runs of `run` slices of 16. A workgroup makes 64 rows x 64 columns of one part;
// shared_tile.glsl says how. Rows past M or K repeat the last one and are not stored.
//
// With MATRICES there is a product for each z, of the z-th (N, M, PLANE*4) of dy and the z-th (N, K, PLANE*4) of x; GD and GX are 1, and
// parts is (S, Z, M, K), of which those from number `from` on are made.
//
// ops: pointwise_conv2d_backward_weight, linear_backward_weight (images of one pixel); with MATRICES conv2d_backward_weight (winograd.glsl)
// kernel pointwise_conv2d_backward_weight_shared
// kernel winograd_weight_product_shared: MATRICES
#include "dispatch.glsl"
#include "panels.glsl"
#include "shared_tile.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint PLANE = 256; // in vec4
layout(constant_id = 4) const uint GD = 1;
layout(constant_id = 5) const uint GX = 1;

#ifdef MATRICES
layout(push_constant) uniform Push { uint slices, run, from; } push;
#else
layout(push_constant) uniform Push { uint slices, run, S; } push; // slices = N*PLANE/4
#endif

layout(std430, binding = 0) readonly  buffer DY { vec4 dy[]; };
layout(std430, binding = 1) readonly  buffer X { vec4 x[]; };
layout(std430, binding = 2) writeonly buffer Parts { float parts[]; };

#include "store_columns.glsl"

#define STORE(i) \
    if (m + i < M) { \
        store(at + i * K, k, c[2 * i]); \
        store(at + i * K + 4u, k + 4u, c[2 * i + 1]); \
    }

void main() {
    const uint tiles_k = (K + 63u) / 64u, tiles_m = (M + 63u) / 64u;
    uint id = gl_WorkGroupID.x, me = gl_LocalInvocationID.x;
    uint k = id % tiles_k * 64u, m = id / tiles_k % tiles_m * 64u, s = id / (tiles_k * tiles_m);

    for (int i = 0; i < 16; i++) c[i] = vec4(0.0);
    uint end = min((s + 1u) * push.run, push.slices);
    for (uint q = s * push.run; q < end; q++) {
        uint n = q / (PLANE / 4u), r = q % (PLANE / 4u) * 4u;
        uint from_d = plane_at(n, 0u, M, GD, PLANE) + r, from_x = plane_at(n, 0u, K, GX, PLANE) + r;
#ifdef MATRICES
        from_d += gl_WorkGroupID.z * push.slices * 4u * M;
        from_x += gl_WorkGroupID.z * push.slices * 4u * K;
#endif
        // Invocation i brings row i of either operand: 16 pixels, which become its component of 16 places.
        for (uint j = 0u; j < 4u; j++) {
            vec4 d = dy[from_d + min(m + me, M - 1u) * GD * PLANE + j];
            vec4 v = x[from_x + min(k + me, K - 1u) * GX * PLANE + j];
            for (uint p = 0u; p < 4u; p++) {
                left[(4u * j + p) * 16u + me / 4u][me % 4u] = d[p];
                right[(4u * j + p) * 16u + me / 4u][me % 4u] = v[p];
            }
        }
        multiply();
    }

#ifdef MATRICES
    s = (push.from + s) * gl_NumWorkGroups.z + gl_WorkGroupID.z;
#endif
    k += tile_column() * 8u;
    m += tile_row() * 8u;
    uint at = (s * M + m) * K + k;
    STORE(0) STORE(1) STORE(2) STORE(3) STORE(4) STORE(5) STORE(6) STORE(7)
}
