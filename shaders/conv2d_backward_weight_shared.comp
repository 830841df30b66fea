#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d_backward_weight of any window in shared memory, first stage:
//   parts[s,m,k,u,v] = sum over the s-th piece of n,i,j of dy[n,m,i,j] * x[n,k,i*STRIDE+u-PADDING,j*STRIDE+v-PADDING]
//
//   dy     (N/GD, M, GD, HO, WO)   float32
//   x      (N/GX, K, GX, H, W)     0 outside
//   parts  (S, M, K, R, R)         added up by sum_partials
//
// The outputs of all images are cut into S runs of `run` slices of 8. A workgroup makes ROWS rows (m) x 64 columns (k,u,v) of one part;
// shared_tile.glsl says how. Eight invocations side by side bring a slice of one row and one column, so they read neighbours; an
// invocation has the same columns in every slice, and knows their taps beforehand. Of which taps an output sees it makes a number, a bit for each
// row and each column of the window (R is at most 15); all it then asks of a column is whether its two bits are there. Where they are not, and
// past the last row, it loads something else: a load that is left out is a branch.
//
// Banks of the stores: 32 lanes have the 8 places of a slice and 4 rows, 4i to 4i+3. Place d of row 4i + e is in the banks of vec4
// i + d, in e of them: for one i, 8 neighbouring vec4s.
//
// ops: conv2d_backward_weight, pointwise_conv2d_backward_weight
// kernel conv2d_backward_weight_shared: ROWS=64
// kernel conv2d_backward_weight_shared_128x64: ROWS=128
#define TRANSPOSED
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "shared_tile.glsl"

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

ACTIVATION_FLOATS(0, DY, dy);
ACTIVATION_FLOATS(1, X, x);
layout(std430, binding = 2) writeonly buffer Parts { float parts[]; };

#if ROWS == 64
#define LOWER_STORES(half, component)
#else
#define LOWER_STORES(half, component) \
    STORE_ROW(4, half, component) STORE_ROW(5, half, component) STORE_ROW(6, half, component) STORE_ROW(7, half, component)
#endif
#define STORE_ROW(i, half, component) if (m + ROW(i) < M) parts[to + ROW(i) * WIDTH] = c[2 * (i) + half][component];
// COLUMN_OF stores all rows of one column, if there is one.
#define COLUMN_OF(half, component) \
    if (column + COLUMN(half) + component < WIDTH) { \
        uint to = (s * M + m) * WIDTH + column + COLUMN(half) + component; \
        STORE_ROW(0, half, component) STORE_ROW(1, half, component) STORE_ROW(2, half, component) STORE_ROW(3, half, component) \
        LOWER_STORES(half, component) }

const uint WIDTH = K * R * R;
const uint EACH = 4u, LEFTS = 4u * HALVES; // columns and rows that an invocation brings

uint first, m, s; // the part's first slice; the tile's first row; the part
uint need[EACH];  // of each column the bits of u and v, or bits that are never there
uint tap_at[EACH]; // and how far it is from the window's first tap in channel 0
float brought_left[LEFTS], brought_right[EACH];

// d is the place in a slice that this invocation brings, row_of of which rows and columns of the tile.
uint d_of() { return gl_LocalInvocationID.x % 8u; }
uint row_of(uint e) { return e * 16u + gl_LocalInvocationID.x / 8u; }

// seen is which rows of a window that begins in row `at` lie in a side of so many, a bit each.
uint seen(int at, uint side) {
    return 0x7fffu & 0x7fffu << clamp(-at, 0, 15) & ~(0x7fffu << clamp(int(side) - at, 0, 15));
}

void fetch(uint slice) {
    uint place = (first + slice) * DEPTH + d_of(), at = min(place, push.count - 1u), n = at / (HO * WO), r = at % (HO * WO);
    bool covered = place == at;
    int i = int(r / WO * STRIDE) - int(PADDING), j = int(r % WO * STRIDE) - int(PADDING); // of the window's first tap
    uint have = covered ? seen(i, H) | seen(j, W) << 16u : 0u;
    uint to = plane_at(n, 0u, M, GD, HO * WO) + r, from = plane_at(n, 0u, K, GX, H * W) + uint(i) * W + uint(j); // wraps around below 0
    for (uint e = 0u; e < LEFTS; e++) {
        uint row = m + row_of(e);
        float v = FETCH(dy, to + (M % ROWS == 0u ? row : min(row, M - 1u)) * (GD * HO * WO));
        brought_left[e] = covered ? v : 0.0;
    }
    for (uint e = 0u; e < EACH; e++) {
        bool inside = (have & need[e]) == need[e];
        float v = FETCH(x, inside ? from + tap_at[e] : 0u);
        brought_right[e] = inside ? v : 0.0;
    }
}

void put(uint side) {
    uint at = side * DEPTH + d_of();
    for (uint e = 0u; e < LEFTS; e++) left[at * LEFT_PITCH + row_of(e) / 4u][row_of(e) % 4u] = brought_left[e];
    for (uint e = 0u; e < EACH; e++) right[at * RIGHT_PITCH + row_of(e) / 4u][row_of(e) % 4u] = brought_right[e];
}

void main() {
    const uint across = (WIDTH + 63u) / 64u, down = (M + ROWS - 1u) / ROWS;
    uint id = group(), column = id % across * 64u;
    m = id / across % down * ROWS;
    s = id / (across * down);
    if (s >= push.S) return;
    for (uint e = 0u; e < EACH; e++) {
        uint taps = column + row_of(e), u = taps / R % R, v = taps % R;
        need[e] = taps < WIDTH ? 1u << u | 0x10000u << v : 0x8000u;
        tap_at[e] = taps / (R * R) * (GX * H * W) + u * W + v;
    }
    first = s * push.run;
    product(min(push.run, (push.count + DEPTH - 1u) / DEPTH - first));
    COLUMN_OF(0, 0) COLUMN_OF(0, 1) COLUMN_OF(0, 2) COLUMN_OF(0, 3) COLUMN_OF(1, 0) COLUMN_OF(1, 1) COLUMN_OF(1, 2) COLUMN_OF(1, 3)
}
