#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d_backward_weight in shared memory, first stage:
//   parts[s,m,k] = sum over the s-th piece of (n,r) of dy[n,m,r] * x[n,k,r]
//
//   dy     (N/GD, M, GD, PLANE*4)   float32, planes a multiple of 8 values
//   x      (N/GX, K, GX, PLANE*4)
//   parts  (S, M, K)                added up by sum_partials
//
// The pixels of all images are cut into S runs of `run` slices of 8. A workgroup makes ROWS rows x 64 columns of one part;
// shared_tile.glsl says how. Two invocations bring the 8 pixels of a row, a vec4 each, which become its component of 8 places. Rows past M or
// K repeat the last one and are not stored.
//
// With MATRICES there is a product for each z, of the z-th (N, M, PLANE*4) of dy and the z-th (N, K, PLANE*4) of x; GD and GX are 1, and
// parts is (S, Z, M, K), of which those from number `from` on are made.
//
// Banks of the stores: the lanes of a subgroup have 16 rows, or more in turns, and both halves of a slice. Place d = 4*half + p of row 4i + e is
// in the banks of vec4 i + d, in e of them: for one p, i = 0..3 and half = 0, 1 are 8 neighbouring vec4s.
//
// ops: pointwise_conv2d_backward_weight, linear_backward_weight (images of one pixel); with MATRICES conv2d_backward_weight (winograd.glsl)
// kernel pointwise_conv2d_backward_weight_shared: ROWS=64
// kernel pointwise_conv2d_backward_weight_shared_128x64: ROWS=128
// kernel pointwise_conv2d_backward_weight_shared_texel: ROWS=64 TEXEL
// kernel pointwise_conv2d_backward_weight_shared_128x64_texel: ROWS=128 TEXEL
// kernel winograd_weight_product_shared: ROWS=64 MATRICES
#define TRANSPOSED
#include "dispatch.glsl"
#include "fetch.glsl"
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
layout(push_constant) uniform Push { uint slices, run, S; } push; // slices = N*PLANE/2
#endif

#ifdef TEXEL
layout(std430, binding = 0) writeonly buffer Parts { float parts[]; };
ACTIVATION(1, DY, dy);
ACTIVATION(2, X, x);
#else
ACTIVATION(0, DY, dy);
ACTIVATION(1, X, x);
layout(std430, binding = 2) writeonly buffer Parts { float parts[]; };
#endif

#include "store_columns.glsl"

#define STORE_ROW(i) \
    if (m + ROW(i) < M) { \
        uint at = (s * M + m + ROW(i)) * K + k; \
        store(at + COLUMN(0u), k + COLUMN(0u), c[2 * (i)]); \
        store(at + COLUMN(1u), k + COLUMN(1u), c[2 * (i) + 1]); \
    }

uint k, m, s, first; // the tile's first column and row, the part, and its first slice
vec4 brought_left[HALVES], brought_right;

// half and row are the vec4 of a slice that an invocation brings, and of which row.
uint half_of() { return gl_LocalInvocationID.x % 2u; }
uint row_of(uint i) { return i * 64u + gl_LocalInvocationID.x / 2u; }

void fetch(uint slice) {
    uint q = first + slice, n = q / (PLANE / 2u), r = q % (PLANE / 2u) * 2u + half_of();
    uint from_d = plane_at(n, 0u, M, GD, PLANE) + r, from_x = plane_at(n, 0u, K, GX, PLANE) + r;
#ifdef MATRICES
    from_d += gl_WorkGroupID.z * push.slices * 2u * M;
    from_x += gl_WorkGroupID.z * push.slices * 2u * K;
#endif
    for (uint i = 0u; i < HALVES; i++) brought_left[i] = FETCH(dy, from_d + min(m + row_of(i), M - 1u) * GD * PLANE);
    brought_right = FETCH(x, from_x + min(k + row_of(0u), K - 1u) * GX * PLANE);
}

void put(uint side) {
    for (uint p = 0u; p < 4u; p++) {
        uint at = side * DEPTH + 4u * half_of() + p;
        for (uint i = 0u; i < HALVES; i++) left[at * LEFT_PITCH + row_of(i) / 4u][row_of(i) % 4u] = brought_left[i][p];
        right[at * RIGHT_PITCH + row_of(0u) / 4u][row_of(0u) % 4u] = brought_right[p];
    }
}

void main() {
    const uint tiles_k = (K + 63u) / 64u, tiles_m = (M + ROWS - 1u) / ROWS;
    uint id = gl_WorkGroupID.x;
    k = id % tiles_k * 64u;
    m = id / tiles_k % tiles_m * ROWS;
    s = id / (tiles_k * tiles_m);
    first = s * push.run;
    product(min(push.run, push.slices - first));
#ifdef MATRICES
    s = (push.from + s) * gl_NumWorkGroups.z + gl_WorkGroupID.z;
#endif
    EACH_ROW(STORE_ROW)
}
