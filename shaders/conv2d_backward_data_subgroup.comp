#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d_backward_data of 3x3 kernels with padding 1 at stride 2, by subgroups:
//   dx[n,k,i,j] = sum over m,u,v of w[m,k,u,v] * dy[n,m,(i+1-u)/2,(j+1-v)/2], where both divide
//
//   packed  (ceil(K/ROWS), M, 9, ROWS)   w by pack_weights, turned around; rows past K zero
//   dy      (N/GD, M, GD, HO, WO*4)      float32, 0 outside
//   dx      (N/GX, K, GX, H, WO*8)       H = 2*HO, or one less
//
// Which taps meet depends on whether i and j are odd: an even row meets u = 1, an odd one u = 2 of the output above it and u = 0
// of the one below; columns likewise. So a lane makes, of ROWS channels, two rows of eight pixels, kept apart as even and odd
// columns: then each of the nine taps multiplies four neighbours of dy. For each m it fetches four texels of dy and
// 9*ROWS/4/SUBGROUP of A, handed round, for ROWS*36 multiply-adds.
//
// kernel conv2d_backward_data_shuffle_16x16: ROWS=16
// kernel conv2d_backward_data_shuffle_8x16: ROWS=8
// kernel conv2d_backward_data_shuffle_4x16: ROWS=4
// kernel conv2d_backward_data_broadcast_16x16: ROWS=16 BROADCAST
// kernel conv2d_backward_data_broadcast_8x16: ROWS=8 BROADCAST
// kernel conv2d_backward_data_broadcast_4x16: ROWS=4 BROADCAST
#define HELD (9 * ROWS / 4)
#define TEXEL
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "subgroup.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint H = 32;
layout(constant_id = 4) const uint HO = 16;
layout(constant_id = 5) const uint WO = 4; // in texels
layout(constant_id = 6) const uint GD = 1;
layout(constant_id = 7) const uint GX = 1;

layout(push_constant) uniform Push { uint tiles; } push; // N*HO*WO

RESULTS(0, DX, dx);
layout(binding = 1) uniform samplerBuffer packed;
ACTIVATION(2, DY, dy);

vec4 c[4 * ROWS]; // of each channel: even row even columns, even row odd ones, odd row even ones, odd row odd ones

// TERM adds a tap's product with four neighbours of dy to one of the four kinds, for four channels.
#define TERM(tap, kind, pixels, q) { \
    vec4 w = TAKE(tap * (ROWS / 4) + q); \
    c[16 * q + kind] += w.x * pixels; c[16 * q + 4 + kind] += w.y * pixels; \
    c[16 * q + 8 + kind] += w.z * pixels; c[16 * q + 12 + kind] += w.w * pixels; }

// The weight is turned around: its tap (u,v) is number 8-3u-v.
#define QUAD(q) \
    TERM(4, 0, here, q) \
    TERM(3, 1, here, q) TERM(5, 1, here_right, q) \
    TERM(1, 2, here, q) TERM(7, 2, below, q) \
    TERM(0, 3, here, q) TERM(2, 3, here_right, q) TERM(6, 3, below, q) TERM(8, 3, below_right, q)

#define STORE_ROW(r) if (K % ROWS == 0u || k + r < K) { \
    uint at = to + r * GX * H * WO * 2u; \
    STORE(dx, at, vec4(c[4 * r].x, c[4 * r + 1].x, c[4 * r].y, c[4 * r + 1].y)); \
    STORE(dx, at + 1u, vec4(c[4 * r].z, c[4 * r + 1].z, c[4 * r].w, c[4 * r + 1].w)); \
    if (H % 2u == 0u || 2u * i + 1u < H) { \
        STORE(dx, at + WO * 2u, vec4(c[4 * r + 2].x, c[4 * r + 3].x, c[4 * r + 2].y, c[4 * r + 3].y)); \
        STORE(dx, at + WO * 2u + 1u, vec4(c[4 * r + 2].z, c[4 * r + 3].z, c[4 * r + 2].w, c[4 * r + 3].w)); \
    } }

void main() {
    uint tile = gl_GlobalInvocationID.x, sliver = gl_WorkGroupID.y;
    bool covered = tile < push.tiles;
    if (!covered) tile = push.tiles - 1u; // every lane has to stay, for its part of A
    uint n = tile / (HO * WO), i = tile / WO % HO, column = tile % WO;
    uint from = plane_at(n, 0u, M, GD, HO * WO) + i * WO + column;
    uint right = column + 1u < WO ? 1u : 0u, down = i + 1u < HO ? WO : 0u; // 0 where there is nothing
    int at = int(sliver * M * HELD + gl_SubgroupInvocationID);

    for (int r = 0; r < 16; r++) for (int j = 0; j < 4 * ROWS; j += 16) c[r + j] = vec4(0.0); // short enough to be unrolled
    for (uint m = 0u; m < M; m++) {
        for (uint e = 0u; e < EACH; e++) held[e] = texelFetch(packed, at + int(e * SUBGROUP));
        vec4 here = FETCH(dy, from), below = FETCH(dy, from + down);
        float next = FETCH(dy, from + right).x, below_next = FETCH(dy, from + down + right).x;
        vec4 here_right = vec4(here.yzw, right == 0u ? 0.0 : next), below_right = vec4(below.yzw, right == 0u ? 0.0 : below_next);
        if (down == 0u) {
            below = vec4(0.0);
            below_right = vec4(0.0);
        }
        QUAD(0)
#if ROWS > 4
        QUAD(1)
#endif
#if ROWS > 8
        QUAD(2) QUAD(3)
#endif
        at += HELD;
        from += GD * HO * WO;
    }

    if (!covered) return;
    uint k = sliver * ROWS, to = plane_at(n, k, K, GX, H * WO * 2u) + 2u * i * (WO * 2u) + 2u * column;
    STORE_ROW(0) STORE_ROW(1) STORE_ROW(2) STORE_ROW(3)
#if ROWS > 4
    STORE_ROW(4) STORE_ROW(5) STORE_ROW(6) STORE_ROW(7)
#endif
#if ROWS > 8
    STORE_ROW(8) STORE_ROW(9) STORE_ROW(10) STORE_ROW(11) STORE_ROW(12) STORE_ROW(13) STORE_ROW(14) STORE_ROW(15)
#endif
}
