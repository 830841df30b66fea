#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d by cooperative matrices: y[n,m,r] = sum over k of A[m,k] * x[n,k,r]  (+ bias[m])
//
//   packed  (ceil(M/ROWS), ceil(K/32)*32, ROWS)  A by pack_weights, rounded to float16, rows and columns past its end zero; float32
//   x       (N/GX, K, GX, PLANE*4)               float16, planes a multiple of 64 values
//   y       (N/GY, M, GY, PLANE*4)
//   bias    (M)                                  with BIAS alone, as is what result.glsl says of an activation
//
// A workgroup makes ROWS rows x 64 neighbouring pixels, of N*PLANE/16 such tiles; cooperative_tile.glsl says how. Of a slice, 32 k, an
// invocation brings four neighbouring k of four pixels, and of four rows, and turns them around.
//
// ops: pointwise_conv2d, pointwise_conv2d_backward_data, linear, linear_backward_data
// kernel pointwise_conv2d_cooperative_half: HALF ROWS=64
// kernel linear_cooperative_half: HALF ROWS=64 BIAS
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "cooperative_tile.glsl"
#include "cooperative_weights.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint PLANE = 256; // in vec4
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;

FLOATS(0, A, packed);
layout(std430, binding = 1) readonly  buffer X { uvec2 x[]; };
RESULTS(2, Y, y);
#ifdef BIAS
layout(std430, binding = 3) readonly  buffer Bias { float bias[]; };
#endif
#include "result.glsl"

const uint SLICES = (K + DEPTH - 1u) / DEPTH;
uint m, from_packed, from_x, to;
vec4 brought_left[4u * TALL];
uvec2 brought_right[4];

void fetch(uint slice) {
    uint k = slice * DEPTH + 4u * place();
    [[unroll]] for (uint d = 0u; d < 4u; d++) {
        [[unroll]] for (uint i = 0u; i < TALL; i++) brought_left[4u * i + d] = packed[from_packed + (k + d) * QUADS + i * 16u + quad()];
        brought_right[d] = x[from_x + min(k + d, K - 1u) * GX * PLANE + quad()]; // and not none: a load that is left out is a branch
        if (K % DEPTH != 0u && k + d >= K) brought_right[d] = uvec2(0u);
    }
}

// The first or second two of four values, of two neighbouring places: two words of a column each.
#define TURNED(w0, w1) uvec2((w0) & 0xffffu | (w1) << 16u, (w0) >> 16u | (w1) & 0xffff0000u)

void put(uint side) {
    PUT_WEIGHTS(side, brought_left)
    [[unroll]] for (uint h = 0u; h < 2u; h++) {
        uvec2 low = TURNED(brought_right[0][h], brought_right[1][h]), high = TURNED(brought_right[2][h], brought_right[3][h]);
        uint at = (side * 64u + 4u * quad() + 2u * h) * PITCH + place();
        right[at] = halves(uvec2(low.x, high.x));
        right[at + PITCH] = halves(uvec2(low.y, high.y));
    }
}

void write(uint row, uint texel, vec4 sum) {
    if (m + row < M) STORE(y, to + row * GY * PLANE + texel, RESULT(sum, row, texel));
}

void main() {
    uint tile = gl_WorkGroupID.x, sliver = gl_WorkGroupID.y;
    uint n = tile / (PLANE / 16u), r = tile % (PLANE / 16u) * 16u;
    m = sliver * ROWS;
    from_packed = sliver * SLICES * DEPTH * QUADS;
    from_x = plane_at(n, 0u, K, GX, PLANE) + r;
    to = plane_at(n, m, M, GY, PLANE) + r;
    product(SLICES);
    results();
}
