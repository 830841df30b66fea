#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d_backward_weight by cooperative matrices, first stage:
//   parts[s,m,k] = sum over the s-th piece of (n,r) of dy[n,m,r] * x[n,k,r]
//
//   dy     (N/GD, M, GD, PLANE*4)   float16, planes a multiple of 32 values
//   x      (N/GX, K, GX, PLANE*4)   float16
//   parts  (S, M, K)                float32, added up by sum_partials
//
// The pixels of all images are cut into S runs of `run` slices of 32. A workgroup makes ROWS rows x 64 columns of one part;
// cooperative_tile.glsl says how. Eight invocations bring the pixels of a row, four each, which stay neighbours. Rows past M or K repeat
// the last one and are not stored.
//
// ops: pointwise_conv2d_backward_weight, linear_backward_weight (images of one pixel)
// kernel pointwise_conv2d_backward_weight_cooperative_half: HALF ROWS=64
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "cooperative_tile.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint PLANE = 256; // in vec4
layout(constant_id = 4) const uint GD = 1;
layout(constant_id = 5) const uint GX = 1;

layout(push_constant) uniform Push { uint slices, run, S; } push; // slices = N*PLANE/8

layout(std430, binding = 0) readonly  buffer DY { uvec2 dy[]; };
layout(std430, binding = 1) readonly  buffer X { uvec2 x[]; };
layout(std430, binding = 2) writeonly buffer Parts { float parts[]; };
#include "store_columns.glsl"

uint k, m, s, first; // the tile's first column and row, the part, and its first slice
const uint TURNS = 64u * 8u / 128u;
uvec2 brought_left[TURNS * ROWS / 64u], brought_right[TURNS];

// Of a slice, an invocation has four pixels, those from 4*place() on, of every 16th row from row() on.
uint place() { return gl_LocalInvocationID.x % 8u; }
uint row() { return gl_LocalInvocationID.x / 8u; }

void fetch(uint slice) {
    uint q = first + slice, n = q / (PLANE / 8u), r = q % (PLANE / 8u) * 8u + place();
    uint from_d = plane_at(n, 0u, M, GD, PLANE) + r, from_x = plane_at(n, 0u, K, GX, PLANE) + r;
    [[unroll]] for (uint i = 0u; i < TURNS * ROWS / 64u; i++) brought_left[i] = dy[from_d + min(m + 16u * i + row(), M - 1u) * GD * PLANE];
    [[unroll]] for (uint i = 0u; i < TURNS; i++) brought_right[i] = x[from_x + min(k + 16u * i + row(), K - 1u) * GX * PLANE];
}

void put(uint side) {
    [[unroll]] for (uint i = 0u; i < TURNS * ROWS / 64u; i++) left[(side * ROWS + 16u * i + row()) * PITCH + place()] = halves(brought_left[i]);
    [[unroll]] for (uint i = 0u; i < TURNS; i++) right[(side * 64u + 16u * i + row()) * PITCH + place()] = halves(brought_right[i]);
}

void write(uint row, uint texel, vec4 sum) {
    if (m + row < M) store((s * M + m + row) * K + k + 4u * texel, k + 4u * texel, sum);
}

void main() {
    const uint tiles_k = (K + 63u) / 64u, tiles_m = (M + ROWS - 1u) / ROWS;
    uint id = gl_WorkGroupID.x;
    k = id % tiles_k * 64u;
    m = id / tiles_k % tiles_m * ROWS;
    s = id / (tiles_k * tiles_m);
    first = s * push.run;
    product(min(push.run, push.slices - first));
    results();
}
