#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d_backward_weight of any window in shared memory, first stage:
//   parts[s,m,k,u,v] = sum over the s-th piece of n,i,j of dy[n,m,i,j] * x[n,k,i*STRIDE+u-PADDING,j*STRIDE+v-PADDING]
//
//   dy     (N/GD, M, GD, HO, WO)   float32
//   x      (N/GX, K, GX, H, W)     0 outside
//   parts  (S, M, K, R, R)         added up by sum_partials
//
// The outputs of all images are cut into S runs of `run` slices of 16. A workgroup makes 64 rows (m) x 64 columns (k,u,v) of one part;
// shared_tile.glsl says how. Sixteen invocations side by side bring a slice of one row and one column, so they read neighbours.
//
// ops: conv2d_backward_weight, pointwise_conv2d_backward_weight
#include "dispatch.glsl"
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

layout(std430, binding = 0) readonly  buffer DY { float dy[]; };
layout(std430, binding = 1) readonly  buffer X { float x[]; };
layout(std430, binding = 2) writeonly buffer Parts { float parts[]; };

#define STORE(i, half, component) if (m + i < M) parts[to + i * WIDTH] = c[2 * i + half][component];
// COLUMN stores eight rows of one column, if there is one.
#define COLUMN(half, component) \
    if (column + 4u * half + component < WIDTH) { \
        uint to = (s * M + m) * WIDTH + column + 4u * half + component; \
        STORE(0, half, component) STORE(1, half, component) STORE(2, half, component) STORE(3, half, component) \
        STORE(4, half, component) STORE(5, half, component) STORE(6, half, component) STORE(7, half, component) }

const uint WIDTH = K * R * R;

void main() {
    const uint across = (WIDTH + 63u) / 64u, down = (M + 63u) / 64u;
    uint id = group(), column = id % across * 64u, m = id / across % down * 64u, s = id / (across * down);
    if (s >= push.S) return;
    uint d = gl_LocalInvocationID.x % 16u, q = gl_LocalInvocationID.x / 16u; // place in a slice; which of four neighbouring rows and columns

    for (int e = 0; e < 16; e++) c[e] = vec4(0.0);
    uint end = min((s + 1u) * push.run, (push.count + SLICE - 1u) / SLICE);
    for (uint slice = s * push.run; slice < end; slice++) {
        uint at = slice * SLICE + d, n = at / (HO * WO), r = at % (HO * WO);
        bool covered = at < push.count;
        uint i = r / WO * STRIDE - PADDING, j = r % WO * STRIDE - PADDING; // of the window's first tap; they wrap around below 0
        uint to = plane_at(n, 0u, M, GD, HO * WO) + r, from = plane_at(n, 0u, K, GX, H * W);
        for (uint e = 0u; e < 16u; e++) {
            uint row = m + 4u * e + q, taps = column + 4u * e + q;
            uint x_row = i + taps / R % R, x_column = j + taps % R;
            bool inside = covered && taps < WIDTH && x_row < H && x_column < W;
            left[d * 16u + e][q] = covered && row < M ? dy[to + row * (GD * HO * WO)] : 0.0;
            right[d * 16u + e][q] = inside ? x[from + taps / (R * R) * (GX * H * W) + x_row * W + x_column] : 0.0;
        }
        multiply();
    }

    column += tile_column() * 8u;
    m += tile_row() * 8u;
    COLUMN(0, 0) COLUMN(0, 1) COLUMN(0, 2) COLUMN(0, 3) COLUMN(1, 0) COLUMN(1, 1) COLUMN(1, 2) COLUMN(1, 3)
}
