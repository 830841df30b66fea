#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d of any window in shared memory:
//   y[n,m,i,j] = bias[m] + sum over k,u,v of A[m,k,u,v] * x[n,k,i*STRIDE+u-PADDING,j*STRIDE+v-PADDING]
//
//   packed  (ceil(M/64), K, R*R, 64)    A by pack_weights, rows past its end zero
//   x       (N/GX, K, GX, H, W)         float32, 0 outside
//   bias    (M)                         read with BIASED alone; of the sum FUNCTION of activation.glsl is stored
//   y       (N/GY, M, GY, HO, WO)
//
// The product of A (M, K*R*R) and what the windows see (K*R*R, N*HO*WO): a workgroup makes 64 rows x 64 outputs, and
// shared_tile.glsl says how. What the windows see is gathered as it comes into shared memory, of one output by each invocation, so it never
// lies in memory, and no width, stride or number of channels has to divide.
//
// ops: conv2d, pointwise_conv2d
#include "dispatch.glsl"
#include "activation.glsl"
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

layout(push_constant) uniform Push { uint count; } push; // N*HO*WO

layout(std430, binding = 0) readonly  buffer A { vec4 packed[]; };
layout(std430, binding = 1) readonly  buffer X { float x[]; };
layout(std430, binding = 2) readonly  buffer Bias { float bias[]; };
layout(std430, binding = 3) writeonly buffer Y { float y[]; };

vec4 result(vec4 sum, uint row) {
    if (BIASED && row < M) sum += bias[row];
    return activated(FUNCTION, sum);
}

#define FINISH(i) c[2 * i] = result(c[2 * i], m + i); c[2 * i + 1] = result(c[2 * i + 1], m + i);
#define STORE(i, half, component) if (m + i < M) y[to + i * GY * HO * WO] = c[2 * i + half][component];
// OUTPUT stores eight rows of one output, if there is one.
#define OUTPUT(half, component) { \
    uint at = tile * 64u + tile_column() * 8u + 4u * half + component; \
    if (at < push.count) { \
        uint to = plane_at(at / (HO * WO), m, M, GY, HO * WO) + at % (HO * WO); \
        STORE(0, half, component) STORE(1, half, component) STORE(2, half, component) STORE(3, half, component) \
        STORE(4, half, component) STORE(5, half, component) STORE(6, half, component) STORE(7, half, component) } }

void main() {
    const uint slivers = (M + 63u) / 64u, depth = K * R * R;
    uint id = group(), sliver = id % slivers, tile = id / slivers, me = gl_LocalInvocationID.x;
    if (tile * 64u >= push.count) return;
    uint at = tile * 64u + me, r = at % (HO * WO);
    bool covered = at < push.count;
    uint i = r / WO * STRIDE - PADDING, j = r % WO * STRIDE - PADDING; // of the window's first tap; they wrap around below 0
    uint from = plane_at(at / (HO * WO), 0u, K, GX, H * W);

    for (int e = 0; e < 16; e++) c[e] = vec4(0.0);
    for (uint first = 0u; first < depth; first += SLICE) {
        for (uint e = me; e < SLICE * 16u; e += 64u) {
            left[e] = first + e / 16u < depth ? packed[(sliver * depth + first) * 16u + e] : vec4(0.0);
        }
        for (uint d = 0u; d < SLICE; d++) {
            uint k = (first + d) / (R * R), row = i + (first + d) / R % R, column = j + (first + d) % R;
            bool inside = covered && first + d < depth && row < H && column < W;
            right[d * 16u + me / 4u][me % 4u] = inside ? x[from + k * (GX * H * W) + row * W + column] : 0.0;
        }
        multiply();
    }

    uint m = sliver * 64u + tile_row() * 8u;
    FINISH(0) FINISH(1) FINISH(2) FINISH(3) FINISH(4) FINISH(5) FINISH(6) FINISH(7)
    OUTPUT(0, 0) OUTPUT(0, 1) OUTPUT(0, 2) OUTPUT(0, 3) OUTPUT(1, 0) OUTPUT(1, 1) OUTPUT(1, 2) OUTPUT(1, 3)
}
