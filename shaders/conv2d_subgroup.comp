#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d of 3x3 kernels with padding 1, by subgroups:
//   y[n,m,i,j] = bias[m] + sum over k,u,v of A[m,k,u,v] * x[n,k,i*STRIDE+u-1,j*STRIDE+v-1]
//
//   packed  (ceil(M/ROWS), K, 9, ROWS)   A by pack_weights: the weight, or for the gradient by the input at stride 1 the
//                                        weight turned around; rows past its end zero
//   x       (N/GX, K, GX, H, WIDTH*4)    float32, 0 outside
//   y       (N/GY, M, GY, HO, WO*4)      WO = WIDTH/STRIDE texels
//   bias    (M)                          read with BIASED alone
//   skip    (N/GS, M, GS, HO, WO*4)      added with ADD alone; of the sum FUNCTION of activation.glsl is stored
//
// Each lane makes a tile of ROWS rows x 4 neighbouring pixels, as in pointwise_conv2d_subgroup: for each k the lanes fetch
// its 9*ROWS values of A together and hand them round. The taps of a row of the kernel come out of three texels
// (conv2d_row.glsl), so a lane fetches nine texels of x and 9*ROWS/4/SUBGROUP of A for ROWS*36 multiply-adds.
//
// ops: conv2d, conv2d_backward_data (at stride 1)
// kernel conv2d_shuffle_32x4: ROWS=32
// kernel conv2d_shuffle_16x4: ROWS=16
// kernel conv2d_shuffle_8x4: ROWS=8
// kernel conv2d_broadcast_32x4: ROWS=32 BROADCAST
// kernel conv2d_broadcast_16x4: ROWS=16 BROADCAST
// kernel conv2d_broadcast_8x4: ROWS=8 BROADCAST
#define HELD (9 * ROWS / 4)
#define TEXEL
#include "dispatch.glsl"
#include "fetch.glsl"
#include "activation.glsl"
#include "panels.glsl"
#include "subgroup.glsl"
#include "unroll.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint H = 32;
layout(constant_id = 4) const uint WIDTH = 8; // in texels
layout(constant_id = 5) const uint HO = 32;
layout(constant_id = 6) const uint WO = 8; // in texels
layout(constant_id = 7) const uint STRIDE = 1;
layout(constant_id = 8) const uint GX = 1;
layout(constant_id = 9) const uint GY = 1;
layout(constant_id = 10) const bool BIASED = true;
layout(constant_id = 11) const uint FUNCTION = 0;
layout(constant_id = 12) const bool ADD = false;
layout(constant_id = 13) const uint GS = 1;

layout(push_constant) uniform Push { uint tiles; } push; // N*HO*WO

RESULTS(0, Y, y);
layout(std430, binding = 1) readonly  buffer Bias { float bias[]; };
ACTIVATION_STORED(2, Skip, skip);
layout(binding = 3) uniform samplerBuffer packed;
ACTIVATION(4, X, x);

#include "conv2d_row.glsl"

vec4 result(vec4 sum, uint row, uint at) {
    if (BIASED) sum += bias[row];
    if (ADD) sum += FETCH_STORED(skip, at);
    return activated(FUNCTION, sum);
}

vec4 c[ROWS];
vec4 b[9]; // what the nine taps see of x

#define FETCH_ROW(u) { \
    uint row = i * STRIDE + u - 1u; /* wraps around above the image */ \
    bool inside = row < H; \
    Row r; \
    TAPS(r, x, from + (inside ? row : 0u) * WIDTH, column, inside) \
    b[3 * u] = r.left; b[3 * u + 1] = r.middle; b[3 * u + 2] = r.right; }

// QUAD multiplies four rows, which are texel q of A for each tap, by the pixels: their sums stay in registers for all taps.
#define TERM(tap, q) { \
    vec4 w = TAKE(tap * (ROWS / 4) + q); \
    c[4 * (q)] += w.x * b[tap]; c[4 * (q) + 1] += w.y * b[tap]; c[4 * (q) + 2] += w.z * b[tap]; c[4 * (q) + 3] += w.w * b[tap]; }
#define QUAD(q) TERM(0, q) TERM(1, q) TERM(2, q) TERM(3, q) TERM(4, q) TERM(5, q) TERM(6, q) TERM(7, q) TERM(8, q)

#define STORE_ROW(i) if (M % ROWS == 0u || m + (i) < M) STORE(y, to + (i) * GY * HO * WO, result(c[i], m + (i), beside + (i) * GS * HO * WO));

void main() {
    uint tile = gl_GlobalInvocationID.x, sliver = gl_WorkGroupID.y;
    bool covered = tile < push.tiles;
    if (!covered) tile = push.tiles - 1u; // every lane has to stay, for its part of A
    uint n = tile / (HO * WO), i = tile / WO % HO, column = tile % WO;
    uint from = plane_at(n, 0u, K, GX, H * WIDTH);
    int at = int(sliver * K * HELD + gl_SubgroupInvocationID);

    for (int r = 0; r < min(ROWS, 16); r++) for (int j = 0; j < ROWS; j += 16) c[r + j] = vec4(0.0); // short enough to be unrolled
    for (uint k = 0u; k < K; k++) {
        for (uint e = 0u; e < EACH; e++) held[e] = texelFetch(packed, at + int(e * SUBGROUP));
        FETCH_ROW(0u) FETCH_ROW(1u) FETCH_ROW(2u)
        QUAD(0) QUAD(1)
#if ROWS > 8
        QUAD(2) QUAD(3)
#endif
#if ROWS > 16
        EACH_OF_4(QUAD, 4)
#endif
        at += HELD;
        from += GX * H * WIDTH;
    }

    if (!covered) return;
    uint m = sliver * ROWS, to = plane_at(n, m, M, GY, HO * WO) + i * WO + column, beside = plane_at(n, m, M, GS, HO * WO) + i * WO + column;
    EACH_OF_8(STORE_ROW, 0)
#if ROWS > 8
    EACH_OF_8(STORE_ROW, 8)
#endif
#if ROWS > 16
    EACH_OF_16(STORE_ROW, 16)
#endif
}
