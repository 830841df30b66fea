#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d_backward_data of any window in shared memory:
//   dx[n,k,i,j] = sum over m,u,v of w[m,k,u,v] * dy[n,m,(i+PADDING-u)/STRIDE,(j+PADDING-v)/STRIDE], where both divide
//
//   packed  (ceil(K/64), M, R*R, 64)    w by pack_weights, turned around: tap (u,v) is number R*R-1-R*u-v; rows past its end zero
//   dy      (N/GD, M, GD, HO, WO)       float32, 0 outside
//   dx      (N/GX, K, GX, H, W)
//
// Which taps meet depends on i and j modulo STRIDE alone. So the pixels of dx are parted into STRIDE*STRIDE kinds, and a workgroup makes 64
// rows (k) x 64 pixels of one kind; shared_tile.glsl says how. It walks over the taps that meet, and for each over m: where a pixel
// meets a tap is then found once a tap.
//
// ops: conv2d_backward_data, pointwise_conv2d_backward_data
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

layout(push_constant) uniform Push { uint count; } push; // N*ceil(H/STRIDE)*ceil(W/STRIDE), pixels of a kind and some beyond the edges

layout(std430, binding = 0) readonly  buffer A { vec4 packed[]; };
layout(std430, binding = 1) readonly  buffer DY { float dy[]; };
layout(std430, binding = 2) writeonly buffer DX { float dx[]; };

const uint ROWS = (H + STRIDE - 1u) / STRIDE, COLUMNS = (W + STRIDE - 1u) / STRIDE;

// pixel is number `at` of a kind: image n, row i, column j; whether there is one.
bool pixel(uint at, uint kind, out uint n, out uint i, out uint j) {
    n = at / (ROWS * COLUMNS);
    i = at / COLUMNS % ROWS * STRIDE + kind / STRIDE;
    j = at % COLUMNS * STRIDE + kind % STRIDE;
    return at < push.count && i < H && j < W;
}

#define STORE(r, half, component) if (k + r < K) dx[to + r * GX * H * W] = c[2 * r + half][component];
// PIXEL stores eight rows of one pixel, if there is one.
#define PIXEL(half, component) \
    if (pixel(tile * 64u + tile_column() * 8u + 4u * half + component, kind, n, i, j)) { \
        uint to = plane_at(n, k, K, GX, H * W) + i * W + j; \
        STORE(0, half, component) STORE(1, half, component) STORE(2, half, component) STORE(3, half, component) \
        STORE(4, half, component) STORE(5, half, component) STORE(6, half, component) STORE(7, half, component) }

void main() {
    const uint slivers = (K + 63u) / 64u, kinds = STRIDE * STRIDE;
    uint id = group(), sliver = id % slivers, kind = id / slivers % kinds, tile = id / (slivers * kinds), me = gl_LocalInvocationID.x;
    if (tile * 64u >= push.count) return;
    uint n, i, j;
    bool covered = pixel(tile * 64u + me, kind, n, i, j);
    uint from = plane_at(n, 0u, M, GD, HO * WO);

    for (int e = 0; e < 16; e++) c[e] = vec4(0.0);
    for (uint u = (kind / STRIDE + PADDING) % STRIDE; u < R; u += STRIDE) {
        for (uint v = (kind % STRIDE + PADDING) % STRIDE; v < R; v += STRIDE) {
            uint row = (i + PADDING - u) / STRIDE, column = (j + PADDING - v) / STRIDE, tap = R * R - 1u - R * u - v; // wrap around below 0
            bool inside = covered && row < HO && column < WO;
            for (uint first = 0u; first < M; first += SLICE) {
                for (uint e = me; e < SLICE * 16u; e += 64u) {
                    uint m = first + e / 16u;
                    left[e] = m < M ? packed[((sliver * M + m) * (R * R) + tap) * 16u + e % 16u] : vec4(0.0);
                }
                for (uint d = 0u; d < SLICE; d++) {
                    bool read = inside && first + d < M;
                    right[d * 16u + me / 4u][me % 4u] = read ? dy[from + (first + d) * (GD * HO * WO) + row * WO + column] : 0.0;
                }
                multiply();
            }
        }
    }

    uint k = sliver * 64u + tile_row() * 8u;
    PIXEL(0, 0) PIXEL(0, 1) PIXEL(0, 2) PIXEL(0, 3) PIXEL(1, 0) PIXEL(1, 1) PIXEL(1, 2) PIXEL(1, 3)
}
