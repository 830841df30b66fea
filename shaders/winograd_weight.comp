#version 450
#extension GL_GOOGLE_include_directive : require
// winograd_weight: packed[t, m/R, k, m%R] = element t of G g GT, g being the 3 x 3 taps w[m,k], or, TURNED, those of w[k,m] turned around;
// 0 for m >= M and k >= K (see winograd.glsl)
//
//   w       (M, K, 3, 3), or TURNED (K, M, 3, 3)   float32
//   packed  (36, ceil(M/R), COLUMNS, R)            36 matrices, in slivers of a tile's rows as pack_weights makes them; COLUMNS >= K
//
// One invocation makes four rows of one column of all 36, as vec4s; its neighbours those whose taps lie beside its own.
//
// ops: conv2d, conv2d_backward_data
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "winograd.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const bool TURNED = false;
layout(constant_id = 4) const uint R = 32;
layout(constant_id = 5) const uint COLUMNS = 64;

layout(std430, binding = 0) readonly  buffer Weight { float w[]; };
layout(std430, binding = 1) writeonly buffer Packed { vec4 packed[]; };

const uint COUNT = (M + R - 1u) / R * (R / 4u) * COLUMNS;

float tap(uint m, uint k, uint t) {
    if (m >= M || k >= K) return 0.0;
    return WEIGHT(TURNED ? w[(k * M + m) * 9u + 8u - t] : w[(m * K + k) * 9u + t]);
}

vec4 taps(uint m, uint k, uint t) { return vec4(tap(m, k, t), tap(m + 1u, k, t), tap(m + 2u, k, t), tap(m + 3u, k, t)); }

#define ROW(i) rows[i] = of_taps(Three(taps(m, k, 3u * i), taps(m, k, 3u * i + 1u), taps(m, k, 3u * i + 2u)));
#define COLUMN(j, field) { \
    Six s = of_taps(Three(rows[0].field, rows[1].field, rows[2].field)); \
    packed[j * COUNT + to] = s.a;         packed[(6u + j) * COUNT + to] = s.b;  packed[(12u + j) * COUNT + to] = s.c; \
    packed[(18u + j) * COUNT + to] = s.d; packed[(24u + j) * COUNT + to] = s.e; packed[(30u + j) * COUNT + to] = s.f; }

void main() {
    uint id = invocation();
    if (id >= COUNT) return;
    const uint quads = R / 4u;
    uint sliver = id / (quads * COLUMNS);
    uint q = TURNED ? id % quads : id / COLUMNS % quads, k = TURNED ? id / quads % COLUMNS : id % COLUMNS;
    uint m = sliver * R + q * 4u, to = (sliver * COLUMNS + k) * quads + q;
    Six rows[3];
    ROW(0) ROW(1) ROW(2)
    EACH_FIELD(COLUMN)
}
