#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d of any window in shared memory:
//   y[n,m,i,j] = bias[m] + sum over k,u,v of A[m,k,u,v] * x[n,k,i*STRIDE+u-PADDING,j*STRIDE+v-PADDING]
//
//   packed  (ceil(M/ROWS), K, R*R, ROWS)    A by pack_weights, rows past its end zero
//   x       (N/GX, K, GX, H, W)             float32, 0 outside
//   bias    (M)                             read with BIASED alone; of the sum FUNCTION of activation.glsl is stored
//   y       (N/GY, M, GY, HO, WO)
//
// The product of A (M, K*R*R) and what the windows see (K*R*R, N*HO*WO): a workgroup makes ROWS rows x 64 outputs, and
// shared_tile.glsl says how. What the windows see is gathered as it comes into shared memory, of one output by each invocation, so it never
// lies in memory, and no width, stride or number of channels has to divide. Neighbouring lanes have neighbouring outputs: their
// loads are neighbours, and so are their stores into shared memory, each to a bank of its own.
//
// Where M and the outputs make too few tiles for a GPU, y are S parts, which sum_partials adds up: the s-th is the sum over `run` slices of
// the K*R*R from s*run on, of 8 each. Otherwise there is one part; with BIASED or a FUNCTION there always is.
//
// ops: conv2d, pointwise_conv2d
// kernel conv2d_shared: ROWS=64
// kernel conv2d_shared_128x64: ROWS=128
#include "dispatch.glsl"
#include "activation.glsl"
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
layout(constant_id = 10) const uint GX = 1;
layout(constant_id = 11) const uint GY = 1;
layout(constant_id = 12) const bool BIASED = false;
layout(constant_id = 13) const uint FUNCTION = 0;

layout(push_constant) uniform Push { uint count, run, S; } push; // count = N*HO*WO

layout(std430, binding = 0) readonly  buffer A { vec4 packed[]; };
ACTIVATION_FLOATS(1, X, x);
layout(std430, binding = 2) readonly  buffer Bias { float bias[]; };
RESULT_FLOATS(3, Y, y);

const uint TAPS = K * R * R, SLICES = (TAPS + DEPTH - 1u) / DEPTH;

vec4 result(vec4 sum, uint row) {
    if (BIASED && row < M) sum += bias[row];
    return activated(FUNCTION, sum);
}

#define FINISH(i) c[2 * (i)] = result(c[2 * (i)], m + ROW(i)); c[2 * (i) + 1] = result(c[2 * (i) + 1], m + ROW(i));
#if ROWS == 64
#define LOWER_STORES(half, component)
#else
#define LOWER_STORES(half, component) \
    STORE_ROW(4, half, component) STORE_ROW(5, half, component) STORE_ROW(6, half, component) STORE_ROW(7, half, component)
#endif
#define STORE_ROW(i, half, component) if (m + ROW(i) < M) STORE(y, to + ROW(i) * GY * HO * WO, c[2 * (i) + half][component]);
// OUTPUT stores all rows of one output, if there is one.
#define OUTPUT(half, component) { \
    uint at = tile * 64u + COLUMN(half) + component; \
    if (at < push.count) { \
        uint to = s * push.count * M + plane_at(at / (HO * WO), m, M, GY, HO * WO) + at % (HO * WO); \
        STORE_ROW(0, half, component) STORE_ROW(1, half, component) STORE_ROW(2, half, component) STORE_ROW(3, half, component) \
        LOWER_STORES(half, component) } }

uint first, from_packed, from; // the part's first slice; where the sliver and the output's image begin
uint i, j;                     // of the window's first tap; they wrap around below 0
bool covered;
vec4 brought_left[HALVES];
float brought_right[4];

// output_of is which of the tile's outputs this invocation brings, place which of its places in a slice.
uint output_of() { return gl_LocalInvocationID.x % 64u; }
uint place(uint e) { return gl_LocalInvocationID.x / 64u * 4u + e; }

void fetch(uint slice) {
    uint begin = (first + slice) * DEPTH;
    for (uint e = 0u; e < HALVES; e++) {
        uint at = e * 128u + gl_LocalInvocationID.x;
        brought_left[e] = TAPS % DEPTH == 0u || begin + at / QUADS < TAPS ? packed[from_packed + begin * QUADS + at] : vec4(0.0);
    }
    for (uint e = 0u; e < 4u; e++) {
        uint tap = begin + place(e), k = tap / (R * R), row = i + tap / R % R, column = j + tap % R;
        bool inside = covered && (TAPS % DEPTH == 0u || tap < TAPS) && row < H && column < W;
        brought_right[e] = inside ? FETCH(x, from + k * (GX * H * W) + row * W + column) : 0.0;
    }
}

void put(uint side) {
    for (uint e = 0u; e < HALVES; e++) left[side * DEPTH * QUADS + e * 128u + gl_LocalInvocationID.x] = brought_left[e];
    for (uint e = 0u; e < 4u; e++) right[(side * DEPTH + place(e)) * 16u + output_of() / 4u][output_of() % 4u] = brought_right[e];
}

void main() {
    const uint slivers = (M + ROWS - 1u) / ROWS;
    uint tiles = (push.count + 63u) / 64u, id = group(), sliver = id % slivers, tile = id / slivers % tiles, s = id / (slivers * tiles);
    if (s >= push.S) return;
    uint at = tile * 64u + output_of(), r = at % (HO * WO);
    covered = at < push.count;
    i = r / WO * STRIDE - PADDING;
    j = r % WO * STRIDE - PADDING;
    from = plane_at(at / (HO * WO), 0u, K, GX, H * W);
    from_packed = sliver * TAPS * QUADS;
    first = s * push.run;
    product(min(push.run, SLICES - first));

    uint m = sliver * ROWS;
    EACH_ROW(FINISH)
    OUTPUT(0, 0) OUTPUT(0, 1) OUTPUT(0, 2) OUTPUT(0, 3) OUTPUT(1, 0) OUTPUT(1, 1) OUTPUT(1, 2) OUTPUT(1, 3)
}
