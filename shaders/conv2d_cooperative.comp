#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d of any window by cooperative matrices:
//   y[n,m,i,j] = bias[m] + sum over k,u,v of A[m,k,u,v] * x[n,k,i*STRIDE+u-PADDING,j*STRIDE+v-PADDING]
//
//   packed  (ceil(M/ROWS), K, R*R, ROWS)    A by pack_weights, rounded to float16, rows past its end zero; float32
//   x       (N/GX, K, GX, H, W)             float16, 0 outside
//   bias    (M)                             read with BIASED alone; of the sum FUNCTION of activation.glsl is stored
//   y       (N/GY, M, GY, HO, WO)           HO*WO a multiple of 4
//
// The product of A (M, K*R*R) and what the windows see (K*R*R, N*HO*WO): a workgroup makes ROWS rows x 64 outputs, and
// cooperative_tile.glsl says how. What the windows see is gathered as it comes into shared memory, so no width, stride or number of channels has
// to divide: of a slice, 32 of the K*R*R, an invocation brings 16 of one output, and four of four rows of A.
//
// A slice is 32 channels of one tap, so that where an output's pixel lies, and whether there is one, is found out once for all of them; where more than
// a quarter of those would be past K, it is 32 neighbours of the K*R*R.
//
// At stride 1 the gradient by the input is such a product, too, of the weight turned around.
//
// ops: conv2d, conv2d_backward_data
// kernel conv2d_cooperative_half: HALF ROWS=64
#include "dispatch.glsl"
#include "activation.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "cooperative_tile.glsl"
#include "cooperative_weights.glsl"

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

layout(push_constant) uniform Push { uint count; } push; // count = N*HO*WO

FLOATS(0, A, packed);
layout(std430, binding = 1) readonly  buffer X { uint x[]; };
layout(std430, binding = 2) readonly  buffer Bias { float bias[]; };
RESULTS(3, Y, y);

const uint TAPS = K * R * R, CHANNEL_SLICES = (K + DEPTH - 1u) / DEPTH;
const bool BY_TAP = 4u * K >= 3u * DEPTH * CHANNEL_SLICES;
const uint SLICES = BY_TAP ? R * R * CHANNEL_SLICES : (TAPS + DEPTH - 1u) / DEPTH;

uint m, tile, from_packed, from; // where the sliver and the output's image begin
uint i, j;                       // of the window's first tap; they wrap around below 0
bool covered;
vec4 brought_left[4u * TALL];
uvec2 brought_right[4];

// Of a slice, an invocation has places 16*part() on of this output of the tile.
uint output_of() { return gl_LocalInvocationID.x % 64u; }
uint part() { return gl_LocalInvocationID.x / 64u; }

// value loads something else where there is nothing: a load that is left out is a branch.
uint value(bool there, uint at) {
    uint safe = there ? at : 0u, v = x[safe / 2u] >> 16u * (safe & 1u) & 0xffffu;
    return there ? v : 0u;
}

// seen is of all channels' taps in a row.
uint seen(uint tap) {
    uint k = tap / (R * R), row = i + tap / R % R, column = j + tap % R;
    return value(covered && tap < TAPS && row < H && column < W, from + k * (GX * H * W) + row * W + column);
}

void fetch(uint slice) {
    uint tap = slice / CHANNEL_SLICES, first = BY_TAP ? slice % CHANNEL_SLICES * DEPTH : slice * DEPTH; // channel, or of the K*R*R
    [[unroll]] for (uint d = 0u; d < 4u; d++) {
        uint begin = first + 4u * place() + d, of = BY_TAP ? begin * (R * R) + tap : begin;
        [[unroll]] for (uint e = 0u; e < TALL; e++)
            brought_left[4u * e + d] = packed[from_packed + min(of, TAPS - 1u) * QUADS + e * 16u + quad()];
        if (SLICES * DEPTH > TAPS && of >= TAPS) [[unroll]] for (uint e = 0u; e < TALL; e++) brought_left[4u * e + d] = vec4(0.0);
    }
    uint begin = first + 16u * part(), row = i + tap / R, column = j + tap % R, at = from + begin * (GX * H * W) + row * W + column;
    bool inside = covered && row < H && column < W;
    [[unroll]] for (uint e = 0u; e < 16u; e++) {
        uint v = BY_TAP ? value(inside && (K % DEPTH == 0u || begin + e < K), at + e * (GX * H * W)) : seen(begin + e);
        if (e % 2u == 0u) brought_right[e / 4u][e / 2u % 2u] = v;
        else brought_right[e / 4u][e / 2u % 2u] |= v << 16u;
    }
}

void put(uint side) {
    PUT_WEIGHTS(side, brought_left)
    [[unroll]] for (uint e = 0u; e < 4u; e++) right[(side * 64u + output_of()) * PITCH + 4u * part() + e] = halves(brought_right[e]);
}

void write(uint row, uint texel, vec4 sum) {
    uint at = tile * 64u + 4u * texel;
    if (m + row >= M || at >= push.count) return;
    if (BIASED) sum += bias[m + row];
    uint to = plane_at(at / (HO * WO), m + row, M, GY, HO * WO) + at % (HO * WO);
    STORE(y, to / 4u, activated(FUNCTION, sum));
}

void main() {
    const uint slivers = (M + ROWS - 1u) / ROWS;
    uint id = group(), sliver = id % slivers;
    tile = id / slivers;
    if (tile * 64u >= push.count) return;
    uint at = tile * 64u + output_of(), r = at % (HO * WO);
    covered = at < push.count;
    i = r / WO * STRIDE - PADDING;
    j = r % WO * STRIDE - PADDING;
    from = plane_at(at / (HO * WO), 0u, K, GX, H * W);
    from_packed = sliver * TAPS * QUADS;
    m = sliver * ROWS;
    product(SLICES);
    results();
}
