#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d_backward_weight of any window by cooperative matrices, first stage:
//   parts[s,m,k,u,v] = sum over the s-th piece of n,i,j of dy[n,m,i,j] * x[n,k,i*STRIDE+u-PADDING,j*STRIDE+v-PADDING]
//
//   dy     (N/GD, M, GD, HO, WO)   float16, HO*WO a multiple of 4
//   x      (N/GX, K, GX, H, W)     float16, 0 outside
//   parts  (S, M, K, R, R)         float32, added up by sum_partials
//
// The outputs of all images are cut into S runs of `run` slices of 32. A workgroup makes ROWS rows (m) x 64 columns (k,u,v) of one part;
// cooperative_tile.glsl says how. Eight invocations side by side bring a slice of one row and one column, four outputs each. As in
// conv2d_backward_weight_shared.comp an invocation knows the taps of its columns beforehand, and an output which of them it sees, a bit for each row and
// each column of the window.
//
// kernel conv2d_backward_weight_cooperative_half: HALF ROWS=64
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "cooperative_tile.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint H = 32;
layout(constant_id = 4) const uint W = 32;
layout(constant_id = 5) const uint HO = 32;
layout(constant_id = 6) const uint WO = 32;
layout(constant_id = 7) const uint R = 3;
layout(constant_id = 8) const uint STRIDE = 1;
layout(constant_id = 9) const uint PADDING = 1;
layout(constant_id = 10) const uint GD = 1;
layout(constant_id = 11) const uint GX = 1;

layout(push_constant) uniform Push { uint count, run, S; } push; // count = N*HO*WO

layout(std430, binding = 0) readonly  buffer DY { uvec2 dy[]; };
layout(std430, binding = 1) readonly  buffer X { uint x[]; };
layout(std430, binding = 2) writeonly buffer Parts { float parts[]; };

const uint WIDTH = K * R * R;
#define K WIDTH
#include "store_columns.glsl"
#undef K

const uint TURNS = 4u; // of 16 rows and columns
uint first, m, s, column; // the part's first slice; the tile's first row; the part; the tile's first column
uint need[TURNS];   // of each column the bits of u and v, or bits that are never there
uint tap_at[TURNS]; // and how far it is from the window's first tap in channel 0
uvec2 brought_left[TURNS * ROWS / 64u], brought_right[TURNS];

// Of a slice, an invocation has four outputs, those from 4*place() on, of every 16th row and column from row() on.
uint place() { return gl_LocalInvocationID.x % 8u; }
uint row() { return gl_LocalInvocationID.x / 8u; }

// seen is which rows of a window that begins in row `at` lie in a side of so many, a bit each.
uint seen(int at, uint side) {
    return 0x7fffu & 0x7fffu << clamp(-at, 0, 15) & ~(0x7fffu << clamp(int(side) - at, 0, 15));
}

void fetch(uint slice) {
    uint begin = (first + slice) * DEPTH + 4u * place(), at = min(begin, push.count - 4u), n = at / (HO * WO), r = at % (HO * WO);
    bool covered = begin == at;
    uint to = plane_at(n, 0u, M, GD, HO * WO) + r, image = plane_at(n, 0u, K, GX, H * W);
    [[unroll]] for (uint e = 0u; e < TURNS * ROWS / 64u; e++)
        brought_left[e] = covered ? dy[(to + min(m + 16u * e + row(), M - 1u) * (GD * HO * WO)) / 4u] : uvec2(0u);
    [[unroll]] for (uint e = 0u; e < TURNS; e++) brought_right[e] = uvec2(0u);
    [[unroll]] for (uint o = 0u; o < 4u; o++) {
        int i = int((r + o) / WO * STRIDE) - int(PADDING), j = int((r + o) % WO * STRIDE) - int(PADDING); // of the window's first tap
        uint have = covered ? seen(i, H) | seen(j, W) << 16u : 0u, from = image + uint(i) * W + uint(j);  // wraps around below 0
        [[unroll]] for (uint e = 0u; e < TURNS; e++) {
            bool inside = (have & need[e]) == need[e];
            uint tap = inside ? from + tap_at[e] : 0u, value = x[tap / 2u] >> 16u * (tap & 1u) & 0xffffu;
            brought_right[e][o / 2u] |= inside ? value << 16u * (o % 2u) : 0u;
        }
    }
}

void put(uint side) {
    [[unroll]] for (uint e = 0u; e < TURNS * ROWS / 64u; e++) left[(side * ROWS + 16u * e + row()) * PITCH + place()] = halves(brought_left[e]);
    [[unroll]] for (uint e = 0u; e < TURNS; e++) right[(side * 64u + 16u * e + row()) * PITCH + place()] = halves(brought_right[e]);
}

void write(uint row, uint texel, vec4 sum) {
    if (m + row < M) store((s * M + m + row) * WIDTH + column + 4u * texel, column + 4u * texel, sum);
}

void main() {
    const uint across = (WIDTH + 63u) / 64u, down = (M + ROWS - 1u) / ROWS;
    uint id = group();
    column = id % across * 64u;
    m = id / across % down * ROWS;
    s = id / (across * down);
    if (s >= push.S) return;
    [[unroll]] for (uint e = 0u; e < TURNS; e++) {
        uint taps = column + 16u * e + row(), u = taps / R % R, v = taps % R;
        need[e] = taps < WIDTH ? 1u << u | 0x10000u << v : 0x8000u;
        tap_at[e] = taps / (R * R) * (GX * H * W) + u * W + v;
    }
    first = s * push.run;
    product(min(push.run, (push.count + DEPTH - 1u) / DEPTH - first));
    results();
}
