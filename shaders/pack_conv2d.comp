#version 450
#extension GL_GOOGLE_include_directive : require
// pack_conv2d: packed[m/R, k, t, m%R] = w[m,k,t], or, TURNED, w[k,m,TAPS-1-t]; 0 for m >= M
//
//   w       (M, K, TAPS), or TURNED (K, M, TAPS)   packed  (ceil(M/R), K, TAPS, R), R a multiple of 4
//
// Turned around, a weight makes the gradient by the input, at stride 1, out of the gradient by the output as a
// convolution makes its output. One invocation moves all taps of four rows and one column; its neighbours those that lie beside its own in w.
#include "dispatch.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint TAPS = 9;
layout(constant_id = 4) const uint R = 16;
layout(constant_id = 5) const bool TURNED = false;

layout(std430, binding = 0) readonly  buffer Weight { float w[]; };
layout(std430, binding = 1) writeonly buffer Packed { vec4 packed[]; };

float tap(uint m, uint k, uint t) {
    if (m >= M) return 0.0;
    return TURNED ? w[(k * M + m) * TAPS + TAPS - 1u - t] : w[(m * K + k) * TAPS + t];
}

void main() {
    uint id = invocation();
    const uint quads = R / 4u;
    if (id >= (M + R - 1u) / R * quads * K) return;
    uint sliver = id / (quads * K);
    uint q = TURNED ? id % quads : id / K % quads, k = TURNED ? id / quads % K : id % K;
    uint m = sliver * R + q * 4u, to = (sliver * K + k) * TAPS * quads + q;
    for (uint t = 0u; t < TAPS; t++) {
        packed[to + t * quads] = vec4(tap(m, k, t), tap(m + 1u, k, t), tap(m + 2u, k, t), tap(m + 3u, k, t));
    }
}
