#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d_backward_data of any window in shared memory:
//   dx[n,k,i,j] = sum over m,u,v of w[m,k,u,v] * dy[n,m,(i+PADDING-u)/STRIDE,(j+PADDING-v)/STRIDE], where both divide
//
//   packed  (ceil(K/ROWS), M, R*R, ROWS)   w by pack_weights, turned around: tap (u,v) is number R*R-1-R*u-v; rows past its end zero
//   dy      (N/GD, M, GD, HO, WO)          float32, 0 outside
//   dx      (N/GX, K, GX, H, W)
//
// Which taps meet depends on i and j modulo STRIDE alone. So the pixels of dx are parted into STRIDE*STRIDE kinds, and a workgroup makes ROWS
// rows (k) x 64 pixels of one kind; shared_tile.glsl says how. It walks over the taps that meet, and for each over m, 8 to a slice. An
// invocation brings one pixel: neighbouring lanes load neighbours, and store them into neighbouring banks.
//
// Where K and the pixels make too few tiles for a GPU, dx are S parts, which sum_partials adds up: the s-th is the sum over `run` slices from
// s*run on. Otherwise there is one part.
//
// ops: conv2d_backward_data, pointwise_conv2d_backward_data
// kernel conv2d_backward_data_shared: ROWS=64
// kernel conv2d_backward_data_shared_128x64: ROWS=128
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

layout(push_constant) uniform Push { uint count, run, S; } push; // count = N*ceil(H/STRIDE)*ceil(W/STRIDE), pixels of a kind and some beyond the edges

layout(std430, binding = 0) readonly  buffer A { vec4 packed[]; };
ACTIVATION_FLOATS(1, DY, dy);
RESULT_FLOATS(2, DX, dx);

const uint ROWS_OF_KIND = (H + STRIDE - 1u) / STRIDE, COLUMNS_OF_KIND = (W + STRIDE - 1u) / STRIDE;
const uint SLICES = (M + DEPTH - 1u) / DEPTH; // of a tap

// pixel is number `at` of a kind: image n, row i, column j; whether there is one.
bool pixel(uint at, uint kind, out uint n, out uint i, out uint j) {
    n = at / (ROWS_OF_KIND * COLUMNS_OF_KIND);
    i = at / COLUMNS_OF_KIND % ROWS_OF_KIND * STRIDE + kind / STRIDE;
    j = at % COLUMNS_OF_KIND * STRIDE + kind % STRIDE;
    return at < push.count && i < H && j < W;
}

#if ROWS == 64
#define LOWER_STORES(half, component)
#else
#define LOWER_STORES(half, component) \
    STORE_ROW(4, half, component) STORE_ROW(5, half, component) STORE_ROW(6, half, component) STORE_ROW(7, half, component)
#endif
#define STORE_ROW(r, half, component) if (k + ROW(r) < K) STORE(dx, to + ROW(r) * GX * H * W, c[2 * (r) + half][component]);
// PIXEL stores all rows of one pixel, if there is one.
#define PIXEL(half, component) \
    if (pixel(tile * 64u + COLUMN(half) + component, kind, n, i, j)) { \
        uint to = s * total + plane_at(n, k, K, GX, H * W) + i * W + j; \
        STORE_ROW(0, half, component) STORE_ROW(1, half, component) STORE_ROW(2, half, component) STORE_ROW(3, half, component) \
        LOWER_STORES(half, component) }

uint first, from_packed, from; // the part's first slice; where the sliver and the pixel's image begin
uint i, j;                     // of the pixel
uint u_first, v_first, across; // the first tap that meets, and how many of a row do
bool covered;
vec4 brought_left[HALVES];
float brought_right[4];

// pixel_of is which of the tile's pixels this invocation brings, place which of its places in a slice.
uint pixel_of() { return gl_LocalInvocationID.x % 64u; }
uint place(uint e) { return gl_LocalInvocationID.x / 64u * 4u + e; }

// meeting is how many taps of a row or column of them meet, from that one on.
uint meeting(uint tap) { return (R + STRIDE - 1u - tap) / STRIDE; }

// by_across divides by `across`, which has one of two values.
uint by_across(uint tap) {
    const uint most = (R + STRIDE - 1u) / STRIDE;
    return across == most ? tap / most : tap / max(R / STRIDE, 1u);
}

void fetch(uint slice) {
    uint begin = first + slice, tap = begin / SLICES, m = begin % SLICES * DEPTH, down = by_across(tap);
    uint u = u_first + down * STRIDE, v = v_first + (tap - down * across) * STRIDE;
    uint row = (i + PADDING - u) / STRIDE, column = (j + PADDING - v) / STRIDE; // wrap around below 0
    bool inside = covered && row < HO && column < WO;
    for (uint e = 0u; e < HALVES; e++) {
        uint at = e * 128u + gl_LocalInvocationID.x, of = m + at / QUADS;
        brought_left[e] = M % DEPTH == 0u || of < M ? packed[from_packed + (of * (R * R) + R * R - 1u - R * u - v) * QUADS + at % QUADS] : vec4(0.0);
    }
    uint at = from + row * WO + column;
    for (uint e = 0u; e < 4u; e++) {
        bool read = inside && (M % DEPTH == 0u || m + place(e) < M);
        brought_right[e] = read ? FETCH(dy, at + (m + place(e)) * (GD * HO * WO)) : 0.0;
    }
}

void put(uint side) {
    for (uint e = 0u; e < HALVES; e++) left[side * DEPTH * QUADS + e * 128u + gl_LocalInvocationID.x] = brought_left[e];
    for (uint e = 0u; e < 4u; e++) right[(side * DEPTH + place(e)) * 16u + pixel_of() / 4u][pixel_of() % 4u] = brought_right[e];
}

void main() {
    const uint slivers = (K + ROWS - 1u) / ROWS, kinds = STRIDE * STRIDE;
    uint tiles = (push.count + 63u) / 64u, id = group(), sliver = id % slivers, kind = id / slivers % kinds;
    uint tile = id / (slivers * kinds) % tiles, s = id / (slivers * kinds * tiles), n;
    if (s >= push.S) return;
    covered = pixel(tile * 64u + pixel_of(), kind, n, i, j);
    from = plane_at(n, 0u, M, GD, HO * WO);
    from_packed = sliver * M * (R * R) * QUADS;
    u_first = (kind / STRIDE + PADDING) % STRIDE;
    v_first = (kind % STRIDE + PADDING) % STRIDE;
    across = meeting(v_first);
    uint slices = meeting(u_first) * across * SLICES; // none where no tap meets this kind
    first = min(s * push.run, slices);
    product(min(push.run, slices - first));

    uint k = sliver * ROWS, total = push.count / (ROWS_OF_KIND * COLUMNS_OF_KIND) * (K * H * W);
    PIXEL(0, 0) PIXEL(0, 1) PIXEL(0, 2) PIXEL(0, 3) PIXEL(1, 0) PIXEL(1, 1) PIXEL(1, 2) PIXEL(1, 3)
}
