#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d_backward_weight of 3x3 kernels with padding 1, by subgroups, first stage:
//   parts[s,m,k,u,v] = sum over the s-th piece of n,i,j of dy[n,m,i,j] * x[n,k,i*STRIDE+u-1,j*STRIDE+v-1]
//
//   dy     (N/GD, M, GD, HO, WO*4)      float32, planes a multiple of 8 values
//   x      (N/GX, K, GX, H, WIDTH*4)    0 outside; WIDTH = WO*STRIDE texels
//   parts  (S, M, K, 3, 3)              added up by sum_partials
//
// The outputs of all images are cut into S runs of `run` pairs of texels. A lane makes ROWS rows x one (k,u) of one part, that is
// three columns, its neighbours the next (k,u) of the same rows: so all need the same texels of dy, which they fetch
// together and hand round. For two texels of dy a lane fetches six of x (conv2d_row.glsl) and ROWS*2/SUBGROUP of dy for
// ROWS*24 multiply-adds. Rows past M and lanes past K repeat the last one and are not stored.
//
// kernel conv2d_backward_weight_shuffle_32x3: ROWS=32
// kernel conv2d_backward_weight_shuffle_16x3: ROWS=16
// kernel conv2d_backward_weight_broadcast_32x3: ROWS=32 BROADCAST
// kernel conv2d_backward_weight_broadcast_16x3: ROWS=16 BROADCAST
#define HELD (2 * ROWS)
#define TEXEL
#include "dispatch.glsl"
#include "fetch.glsl"
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
layout(constant_id = 8) const uint GD = 1;
layout(constant_id = 9) const uint GX = 1;

layout(push_constant) uniform Push { uint pairs, run, S; } push; // pairs = N*HO*WO/2

layout(std430, binding = 0) writeonly buffer Parts { float parts[]; };
ACTIVATION(1, DY, dy);
ACTIVATION(2, X, x);

#include "conv2d_row.glsl"

vec3 c[ROWS]; // the three taps of each row

// FETCH_ROW brings what the taps see of x for texel r of the outputs.
#define FETCH_ROW(taps, r) { \
    uint row = (r) / WO * STRIDE + u - 1u, column = (r) % WO; /* wraps around above the image */ \
    bool inside = row < H; \
    TAPS(taps, x, from_x + (inside ? row : 0u) * WIDTH, column, inside) }

// Texels number 2i and 2i+1 of what is held are the two of row i.
#define ROW(i) { \
    vec4 d = TAKE(2 * (i)), e = TAKE(2 * (i) + 1); \
    c[i] += vec3(dot(d, p.left), dot(d, p.middle), dot(d, p.right)); \
    c[i] += vec3(dot(e, q.left), dot(e, q.middle), dot(e, q.right)); }
#define STORE_ROW(i) \
    if (M % ROWS == 0u || m + i < M) { \
        uint to = ((s * M + m + i) * K * 3u + ku) * 3u; \
        parts[to] = c[i].x; \
        parts[to + 1u] = c[i].y; \
        parts[to + 2u] = c[i].z; \
    }

void main() {
    const uint tiles_k = (3u * K + SUBGROUP - 1u) / SUBGROUP, tiles_m = (M + ROWS - 1u) / ROWS;
    uint id = gl_WorkGroupID.x, lane = gl_SubgroupInvocationID;
    uint ku = id % tiles_k * SUBGROUP + lane, m = id / tiles_k % tiles_m * ROWS, s = id / (tiles_k * tiles_m);
    uint k = min(ku / 3u, K - 1u), u = ku % 3u;

    uint row_d[HELD / 4];
    for (uint i = 0u; i < EACH; i++) {
        uint e = i * SUBGROUP + lane;
        row_d[i] = min(m + e / 2u, M - 1u) * GD * HO * WO + e % 2u;
    }
    for (int i = 0; i < 16; i++) for (int j = 0; j < ROWS; j += 16) c[i + j] = vec3(0.0); // short enough to be unrolled

    uint end = min((s + 1u) * push.run, push.pairs);
    for (uint pair = s * push.run; pair < end; pair++) {
        uint n = pair / (HO * WO / 2u), r = pair % (HO * WO / 2u) * 2u;
        uint from_d = plane_at(n, 0u, M, GD, HO * WO) + r, from_x = plane_at(n, k, K, GX, H * WIDTH);
        for (uint i = 0u; i < EACH; i++) held[i] = FETCH(dy, from_d + row_d[i]);
        Row p, q;
        FETCH_ROW(p, r)
        FETCH_ROW(q, r + 1u)
        EACH_OF_16(ROW, 0)
#if ROWS > 16
        EACH_OF_16(ROW, 16)
#endif
    }

    if (ku >= 3u * K) return;
    EACH_OF_16(STORE_ROW, 0)
#if ROWS > 16
    EACH_OF_16(STORE_ROW, 16)
#endif
}
